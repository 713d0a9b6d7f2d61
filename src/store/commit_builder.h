#pragma once

#include <rocksdb/write_batch.h>

#include <memory>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/error.h"
#include "job/job_store.h"
#include "job/transition.h"
#include "store/database.h"
#include "store/job_table.h"

namespace hawser::store {

/// Decides the commands of one commit group, one after the other, and gathers what they write into one batch.
/// Committer's thread; lives for the group.
class CommitBuilder {
 public:
  /// What a group takes from its surroundings.
  struct Context {
    const Database& database;
    JobTable& table;
    job::LogLimits limits;
    Moment now;
    bool has_room = true;  ///< false below the reserve of free space
  };

  explicit CommitBuilder(const Context& context);

  /// The answer to give once the batch is on disk. Errors: those of the command; damaged.
  Result<job::Reply> apply(job::Command command);

  /// Everything the group writes; empty when nothing changed. Call once, at the end.
  rocksdb::WriteBatch& batch();
  /// What to announce; null when there is nothing.
  std::shared_ptr<const job::CommitGroup> announcement();

 private:
  Result<job::Reply> run(job::Start command);
  Result<job::Reply> run(const job::Claim& command);
  Result<job::Reply> run(const job::Purge& command);
  Result<job::Reply> run(const job::Sweep& command);
  /// By value: appends and results are moved into the log.
  template <class OneJobCommand>
  Result<job::Reply> run(OneJobCommand command);  // NOLINT(performance-unnecessary-value-param)

  class Ended;

  /// Nothing when the key is free for a new job.
  Result<std::optional<job::Reply>> repeat_start(const JobId& first, const job::Start& command);
  Error missing(const JobId& id, std::string_view asker) const;
  void collect();
  Status remove(const job::JobRecord& record);
  void erase_log(const job::JobRecord& record);
  Status forget(const job::Tombstone& tombstone);
  Status free_key(const job::Tombstone& tombstone);
  Result<std::optional<JobId>> job_of_key(const std::string& index_key) const;
  Status check_new_job(const job::Start& command, const JobTable::Owner& owner);
  Result<std::unique_ptr<job::ClaimedJob>> lease(const job::JobRecord& record, const job::Claim& command);
  Status withdraw_damaged(const job::JobRecord& record);
  Status run_out(const JobId& id, job::Overdue overdue);
  job::Rules rules(const job::JobRecord& record) const;
  Status stage(const job::JobRecord& before, job::Change change);

  Result<std::string> input(const JobId& id) const;
  Result<std::string> checkpoint(const job::JobRecord& record) const;

  Context context_;
  rocksdb::WriteBatch batch_;
  job::CommitGroup group_;
  // What this group has written and a later command of it may need; the database does not have it yet.
  std::unordered_map<std::string, JobId> new_keys_;
  std::unordered_map<JobId, std::string> new_inputs_;
  std::unordered_map<JobId, SharedBytes> new_checkpoints_;
};

}  // namespace hawser::store
