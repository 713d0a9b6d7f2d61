#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "job/job_store.h"
#include "store/database.h"
#include "store/job_log.h"

namespace hawser::store {

/// Reads an owner's stream by merging the logs of the jobs that can have events above a position: the
/// owner's active ones and those that ended above it. Positions have no holes, so a missing event is noticed.
/// For one read of one thread.
class OwnerMerge {
 public:
  OwnerMerge(const Database& database, std::string_view owner, const rocksdb::Snapshot* snapshot);

  /// Finds the jobs. Errors: reset when more than `max_jobs` would be merged, damaged.
  Status open(std::uint64_t after, std::size_t max_jobs);
  /// The event at the next position. Errors: damaged, also when no job has it.
  Result<job::EventPtr> next();

 private:
  struct Source {
    std::unique_ptr<JobLog> log;
    std::uint64_t sequence = 0;  ///< of its next event
    std::uint64_t position = 0;
    std::optional<job::Event> event;  ///< the next event, once the log is being read
  };

  Status collect(std::string lower, std::string upper, std::vector<JobId>& ids) const;
  Status add(const JobId& id);
  /// Without a log when the job has no events above the position.
  Result<Source> source_of(const JobId& id) const;
  static Status read_event(Source& source);
  Status advance(Source& source);

  const Database& database_;
  std::string_view owner_;
  const rocksdb::Snapshot* snapshot_;
  std::size_t max_jobs_ = 0;
  std::uint64_t position_ = 0;   ///< covered so far
  std::vector<Source> sources_;  ///< a heap, the lowest position first
};

}  // namespace hawser::store
