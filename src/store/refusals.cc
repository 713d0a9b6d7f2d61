#include "store/refusals.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace hawser::store {

Error too_many_jobs() {
  return {Errc::too_many_jobs, fmt::format("You have {} unfinished jobs; wait for one or cancel it.",
                                           limits::kMaxActiveJobsPerOwner)};
}

Error idempotency_conflict() {
  return {Errc::idempotency_conflict, "The idempotencyKey was used before with another type or input."};
}

Error id_in_use(const JobId& id) {
  return {Errc::internal, "The job id is in use already: " + id.to_string()};
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

}  // namespace hawser::store
