#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/error.h"
#include "job/event.h"
#include "job/record.h"
#include "store/database.h"
#include "store/record_codec.h"

namespace hawser::store {

/// The record of a job. Errors: not_found, also when it was deleted; damaged.
Result<job::JobRecord> load_record(const Database& database, const JobId& id,
                                   const rocksdb::Snapshot* snapshot = nullptr);
/// Its input. Errors: damaged, also when it is missing.
Result<std::string> load_input(const Database& database, const JobId& id,
                               const rocksdb::Snapshot* snapshot = nullptr);
/// One event of its log, as stored bytes. Errors: damaged, also when it is missing.
Result<std::string> load_event(const Database& database, const JobId& id, std::uint64_t sequence,
                               const rocksdb::Snapshot* snapshot = nullptr);
/// What is left of a deleted job. Errors: not_found, damaged.
Result<job::Tombstone> load_tombstone(const Database& database, const JobId& id);

/// Reads events of one job by sequence; cheap in steps of one, in either direction.
class LogCursor {
 public:
  LogCursor(const Database& database, const job::JobRecord& record, const rocksdb::Snapshot* snapshot);

  /// The payload is valid until the next call. Errors: damaged, also when the event is missing.
  Result<LoggedEvent> read(std::uint64_t sequence);

 private:
  void move_to(std::uint64_t sequence);

  const Database& database_;
  JobId id_;
  WallMillis created_at_;
  Scan scan_;
  std::uint64_t at_ = 0;  ///< sequence the scan stands on; 0 when it stands nowhere
};

/// The log of one job within a snapshot, for one reader. The database and the snapshot must outlive it.
class JobLog {
 public:
  JobLog(const Database& database, job::JobRecord record, const rocksdb::Snapshot* snapshot);

  const job::JobRecord& record() const { return record_; }

  /// The event of a sequence up to record().last_sequence, as it was logged.
  Result<job::Event> read(std::uint64_t sequence);
  /// Fills in what the log does not repeat (Event::complete).
  Status complete(job::Event& event);
  /// First sequence whose position is above `position`. Positions grow with the sequence.
  Result<std::uint64_t> first_after(std::uint64_t position) const;
  Result<std::uint64_t> position_of(std::uint64_t sequence) const;

 private:
  const Database& database_;
  job::JobRecord record_;
  const rocksdb::Snapshot* snapshot_;
  std::optional<LogCursor> forward_;
  std::optional<LogCursor> backward_;  ///< for the output in front of a checkpoint or failure
};

}  // namespace hawser::store
