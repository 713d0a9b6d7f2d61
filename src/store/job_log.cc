#include "store/job_log.h"

#include <fmt/format.h>

#include <utility>

#include "job/errors.h"
#include "store/keys.h"
#include "store/partial_output.h"

namespace hawser::store {
namespace {

/// An error of reading something of a job, as its owner should see it.
Error of_job(const Database& database, const JobId& id, Error error) {
  return error.code == Errc::damaged ? database.damage().found(id) : std::move(error);
}

Error senseless(const Database& database, const JobId& id, std::string_view what) {
  return of_job(database, id, database.damage().found(fmt::format("{} of {}", what, id.to_string())));
}

Error senseless_event(const Database& database, const JobId& id, std::uint64_t sequence) {
  return senseless(database, id, fmt::format("event {}", sequence));
}

}  // namespace

Result<job::JobRecord> load_record(const Database& database, const JobId& id,
                                   const rocksdb::Snapshot* snapshot) {
  auto bytes = database.get(Family::job, keys::job(id), snapshot);
  if (!bytes) return std::unexpected(of_job(database, id, std::move(bytes).error()));
  if (!*bytes || is_tombstone(**bytes)) return std::unexpected(job::not_found(id));
  auto record = decode_record(**bytes);
  if (!record || record->id != id) return std::unexpected(senseless(database, id, "the record"));
  return *std::move(record);
}

Result<std::string> load_input(const Database& database, const JobId& id, const rocksdb::Snapshot* snapshot) {
  auto input = database.get(Family::input, keys::job(id), snapshot);
  if (!input) return std::unexpected(of_job(database, id, std::move(input).error()));
  if (!*input) return std::unexpected(senseless(database, id, "the input"));
  return **std::move(input);
}

Result<std::string> load_event(const Database& database, const JobId& id, std::uint64_t sequence,
                               const rocksdb::Snapshot* snapshot) {
  auto bytes = database.get(Family::event, keys::event(id, sequence), snapshot);
  if (!bytes) return std::unexpected(of_job(database, id, std::move(bytes).error()));
  if (!*bytes) return std::unexpected(senseless_event(database, id, sequence));
  return **std::move(bytes);
}

Result<job::Tombstone> load_tombstone(const Database& database, const JobId& id) {
  auto bytes = database.get(Family::job, keys::job(id));
  if (!bytes) return std::unexpected(of_job(database, id, std::move(bytes).error()));
  if (!*bytes || !is_tombstone(**bytes)) return std::unexpected(job::not_found(id));
  auto tombstone = decode_tombstone(**bytes);
  if (!tombstone || tombstone->id != id) return std::unexpected(senseless(database, id, "the tombstone"));
  return *std::move(tombstone);
}

LogCursor::LogCursor(const Database& database, const job::JobRecord& record,
                     const rocksdb::Snapshot* snapshot)
    : database_(database),
      id_(record.id),
      created_at_(record.created_at),
      scan_(database, Family::event, keys::job(record.id), keys::after_prefix(keys::job(record.id)),
            snapshot) {}

Result<LoggedEvent> LogCursor::read(std::uint64_t sequence) {
  move_to(sequence);
  at_ = 0;
  if (auto status = scan_.status(); !status) {
    return std::unexpected(of_job(database_, id_, std::move(status).error()));
  }
  if (!scan_.valid() || keys::event_sequence(scan_.key()) != sequence) {
    return std::unexpected(senseless_event(database_, id_, sequence));
  }
  const auto event = decode_event(scan_.value(), created_at_);
  if (!event) return std::unexpected(senseless_event(database_, id_, sequence));
  at_ = sequence;
  return *event;
}

void LogCursor::move_to(std::uint64_t sequence) {
  if (at_ != 0 && sequence == at_ + 1) return scan_.next();
  if (at_ != 0 && sequence + 1 == at_) return scan_.previous();
  scan_.to_first_at(keys::event(id_, sequence));
}

JobLog::JobLog(const Database& database, job::JobRecord record, const rocksdb::Snapshot* snapshot)
    : database_(database), record_(std::move(record)), snapshot_(snapshot) {}

Result<job::Event> JobLog::read(std::uint64_t sequence) {
  if (!forward_) forward_.emplace(database_, record_, snapshot_);
  const auto logged = forward_->read(sequence);
  if (!logged) return std::unexpected(logged.error());
  return to_event(*logged, record_, sequence);
}

Status JobLog::complete(job::Event& event) {
  const auto input = [this] { return load_input(database_, record_.id, snapshot_); };
  const auto entry_at = [this](std::uint64_t sequence) -> Result<LogEntry> {
    if (!backward_) backward_.emplace(database_, record_, snapshot_);
    const auto logged = backward_->read(sequence);
    if (!logged) return std::unexpected(logged.error());
    return LogEntry{logged->kind, logged->payload};
  };
  auto done = store::complete(event, input, entry_at);
  if (!done) return std::unexpected(of_job(database_, record_.id, std::move(done).error()));
  return done;
}

Result<std::uint64_t> JobLog::first_after(std::uint64_t position) const {
  if (record_.first_position > position) return 1;
  // The first event is at or below the position, the last one above it.
  std::uint64_t below = 1;
  std::uint64_t above = record_.last_sequence;
  while (above - below > 1) {
    const auto middle = below + (above - below) / 2;
    const auto found = position_of(middle);
    if (!found) return std::unexpected(found.error());
    (*found > position ? above : below) = middle;
  }
  return above;
}

Result<std::uint64_t> JobLog::position_of(std::uint64_t sequence) const {
  const auto bytes = load_event(database_, record_.id, sequence, snapshot_);
  if (!bytes) return std::unexpected(bytes.error());
  const auto event = decode_event(*bytes, record_.created_at);
  if (!event) return std::unexpected(senseless_event(database_, record_.id, sequence));
  return event->position;
}

}  // namespace hawser::store
