#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "job/record.h"
#include "store/database.h"

namespace hawser::store {

/// The committer's memory: records of active jobs, their queues, and the owners that have some. Ended jobs
/// are loaded for the group that names them and forgotten after it, so the table is bounded by the active
/// jobs.
///
/// Changes are staged: later commands of the group see them, and `install` makes them the state once the
/// group is on disk. Committer's thread only. Pointers and references are valid until `install`.
class JobTable {
 public:
  struct Owner {
    std::uint64_t head = 0;          ///< last position given out
    std::uint64_t durable_head = 0;  ///< last position on disk
    std::size_t active = 0;
  };

  explicit JobTable(const Database& database) : database_(database) {}

  /// Loads all active jobs. Errors: corrupt.
  Status load();
  /// Stages the leases of the process before this one as given back. Returns how many there were.
  Result<std::size_t> give_back_leases();

  /// Null when there is no such job. Errors: corrupt.
  Result<const job::JobRecord*> find(const JobId& id);
  Result<Owner*> owner(std::string_view name);
  /// The queued job of one of the types that was created first.
  std::optional<JobId> oldest_queued(std::span<const std::string> types) const;

  /// Stages a record; `before` is what `find` gave, null for a new job. Its owner has been asked for.
  void put(const job::JobRecord* before, job::JobRecord record);
  /// Adds the staged records and owners with their index entries to the batch. Each is written once, however
  /// many commands of the group changed it.
  void write_to(rocksdb::WriteBatch& batch) const;
  void install();

 private:
  using QueueKey = std::pair<WallMillis, JobId>;  ///< creation time, id: the oldest first
  using Queues = std::map<std::string, std::set<QueueKey>, std::less<>>;
  struct Staged {
    std::optional<job::JobRecord> before;
    job::JobRecord after;
  };

  static QueueKey queue_key(const job::JobRecord& record) { return {record.created_at, record.id}; }
  /// Puts the job into its queue or takes it out, as the record says.
  static void requeue(Queues& queues, const job::JobRecord& record);
  std::optional<QueueKey> first_queued(std::string_view type) const;
  Status load_active(const JobId& id);
  Result<Owner> load_owner(std::string_view name) const;

  const Database& database_;
  std::unordered_map<JobId, job::JobRecord> active_;
  std::map<std::string, Owner, std::less<>> owners_;  ///< those with active jobs
  Queues queues_;

  std::unordered_map<JobId, Staged> staged_jobs_;
  std::map<std::string, Owner, std::less<>> staged_owners_;
  Queues staged_queues_;                                ///< queued jobs among the staged ones
  std::unordered_map<JobId, job::JobRecord> visitors_;  ///< ended jobs that this group asked for
};

}  // namespace hawser::store
