#include "store/refusals.h"

#include <fmt/format.h>

namespace hawser::store {

Error too_many_jobs(std::size_t limit) {
  return {Errc::too_many_jobs, fmt::format("You have {} unfinished jobs; wait for one or cancel it.", limit)};
}

Error too_many_starts(std::size_t per_minute, Millis wait) {
  return {Errc::rate_limited, fmt::format("You may start {} jobs a minute; try again later.", per_minute),
          wait};
}

Error idempotency_conflict() {
  return {Errc::idempotency_conflict, "The idempotencyKey was used before with another type or input."};
}

Error id_in_use(const JobId& id) {
  return {Errc::internal, "The job id is in use already: " + id.to_string()};
}

Error not_ended(const JobId& id) {
  return {Errc::invalid_state, fmt::format("The job {} has not ended; cancel it first.", id.to_string())};
}

Error storage_full() {
  return {Errc::storage_full, "The server's storage is almost full; try again after space was freed."};
}

Error overloaded() {
  return {Errc::overloaded, "Too many commands wait for the disk; try again later."};
}

Error shutting_down() {
  return {Errc::shutting_down, "The store has stopped; reconnect and try again."};
}

Error bad_sequence(std::uint64_t after, std::uint64_t head) {
  return {Errc::bad_sequence,
          fmt::format("Sequence {} is above the last event of the job, {}.", after, head)};
}

Error reset() {
  return {Errc::reset, "The position is not known here any more; start again from the head."};
}

Result<std::optional<job::Reply>> repeat_deleted_start(const job::Tombstone& first, const job::Start& command,
                                                       WallMillis now) {
  if (!job::holds_its_key(first, now)) return std::nullopt;
  if (first.type != command.type || first.input_hash != job::hash_of_input(command.input)) {
    return std::unexpected(idempotency_conflict());
  }
  return reply_to_purge(first, true);
}

job::Reply reply_to_purge(const job::Tombstone& tombstone, bool duplicate) {
  return {.id = tombstone.id,
          .state = tombstone.state,
          .epoch = 0,
          .last_sequence = tombstone.last_sequence,
          .duplicate = duplicate,
          .claimed = nullptr};
}

}  // namespace hawser::store
