#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "job/collector.h"
#include "job/policy.h"
#include "job/quota.h"
#include "job/record.h"
#include "job/schedule.h"
#include "store/database.h"
#include "store/owner_account.h"

namespace hawser::store {

/// The committer's memory: records of active jobs, their schedule, and the owners that have some. Ended jobs
/// are loaded for the group that names them and forgotten after it, so the table is bounded by the active
/// jobs.
///
/// Changes are staged: later commands of the group see them, and `install` makes them the state once the
/// group is on disk. Committer's thread only. Pointers and references are valid until `install`.
class JobTable {
 public:
  struct Owner {
    OwnerAccount account;
    OwnerAccount durable;  ///< as it is on disk
    std::size_t active = 0;
  };

  JobTable(const Database& database, const std::shared_ptr<const job::Policies>& policies,
           WallMillis retention_counted_from = 0)
      : database_(database),
        schedule_(policies),
        start_rate_(schedule_.quota().starts_per_minute),
        collector_(policies->retention(), retention_counted_from) {}

  /// Loads all active jobs but the damaged ones, and who has more ended ones than may be kept. Errors:
  /// damaged, when nobody can tell which those are.
  Status load(Moment now);
  /// Stages the leases as taken back that ended with the process before this one. Returns how many there
  /// were.
  Result<std::size_t> take_back_leases(Moment now);

  /// Null when there is no such job. Errors: damaged.
  Result<const job::JobRecord*> find(const JobId& id);
  /// Nothing when no job with the id was deleted. Errors: damaged.
  Result<std::optional<job::Tombstone>> find_tombstone(const JobId& id) const;
  Result<Owner*> owner(std::string_view name);
  /// Order and time. It follows the staged records: a group that cannot be written ends the process.
  job::Schedule& schedule() { return schedule_; }
  job::StartRate& start_rate() { return start_rate_; }
  /// Which ended jobs are to be deleted. It follows the staged records too.
  job::Collector& collector() { return collector_; }
  /// How many deleted jobs are remembered.
  std::uint64_t tombstones() const { return tombstones_; }

  /// Stages a record; `before` is what `find` gave, null for a new job. Its owner has been asked for.
  void put(const job::JobRecord* before, job::JobRecord record, Moment now);
  /// Stages the tombstone of an ended job in the place of its record. Its owner has been asked for.
  void bury(const job::JobRecord& record, job::Tombstone tombstone);
  /// Stages that nothing of the job is left.
  void forget(const job::Tombstone& tombstone);
  /// Adds the staged records and owners with their index entries to the batch. Each is written once, however
  /// many commands of the group changed it.
  void write_to(rocksdb::WriteBatch& batch) const;
  void install();

 private:
  struct Staged {
    std::optional<job::JobRecord> before;
    std::optional<job::JobRecord> after;  ///< nothing once the job is deleted
    std::optional<job::Tombstone> tombstone;
  };

  Status load_retention();
  Status load_indexed(Moment now);
  Status load_from_records(Moment now);
  Status skip_damaged(const JobId& id, const Error& error) const;
  Status load_active(job::JobRecord record, Moment now);
  Result<Owner> load_owner(std::string_view name) const;
  void write_job(rocksdb::WriteBatch& batch, const JobId& id, const Staged& staged) const;

  const Database& database_;
  std::unordered_map<JobId, job::JobRecord> active_;
  std::map<std::string, Owner, std::less<>> owners_;  ///< those with active jobs
  job::Schedule schedule_;
  job::StartRate start_rate_;
  job::Collector collector_;
  std::uint64_t tombstones_ = 0;
  bool tombstones_changed_ = false;

  std::unordered_map<JobId, Staged> staged_jobs_;
  std::map<std::string, Owner, std::less<>> staged_owners_;
  std::unordered_map<JobId, WallMillis> forgotten_;     ///< with the time of their deletion
  std::unordered_map<JobId, job::JobRecord> visitors_;  ///< ended jobs that this group asked for
};

}  // namespace hawser::store
