#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "job/collector.h"
#include "job/job_store.h"
#include "job/policy.h"
#include "job/quota.h"
#include "job/schedule.h"
#include "job/transition.h"

namespace hawser::store {

/// The data of a MemoryJobStore and what commands do to it. Not thread-safe: the store's mutex guards it.
class MemoryState {
 public:
  struct Job {
    job::JobRecord record;
    std::string input;
    std::vector<job::EventPtr> log;  ///< sequence 1 first
  };
  struct Owner {
    std::uint64_t floor = 0;           ///< last position of the deleted jobs; what is above it is all there
    std::deque<job::EventPtr> events;  ///< position floor + 1 first
    std::size_t active = 0;
    job::EndedTotals ended;
    /// By ended_index and the position of the last event.
    std::array<std::map<std::uint64_t, JobId>, job::kEndedStates.size()> ended_jobs;

    std::uint64_t head() const { return floor + events.size(); }
  };
  /// The answer to a command and what it made durable.
  struct Outcome {
    Result<job::Reply> reply;
    job::CommitGroup group;
  };

  MemoryState(job::LogLimits limits, const std::shared_ptr<const job::Policies>& policies)
      : limits_(limits),
        schedule_(policies),
        start_rate_(schedule_.quota().starts_per_minute),
        collector_(policies->retention()) {}

  Outcome execute(job::Command command, Moment now);
  const Job* find(const JobId& id) const;
  const job::Tombstone* find_tombstone(const JobId& id) const;
  const Owner* find_owner(std::string_view owner) const;
  job::JobList list(const job::JobFilter& filter, const std::optional<JobId>& before, std::size_t most) const;
  job::Queues queues(WallMillis now) const;

 private:
  class Ended;

  Outcome run(job::Start&& command, Moment now);
  Outcome run(job::Claim&& command, Moment now);
  Outcome run(job::Purge&& command, Moment now);
  Outcome run(job::Sweep&& command, Moment now);
  template <class OneJobCommand>
  Outcome run(OneJobCommand&& command, Moment now);

  /// Nothing when the key is free for a new job.
  Result<std::optional<job::Reply>> repeat_start(const JobId& first, const job::Start& command,
                                                 WallMillis now) const;
  Error missing(const JobId& id, std::string_view asker) const;
  /// Takes an inactive record out of what is counted, or puts it in.
  void collect(Moment now);
  void forget_ended(const job::JobRecord& record);
  void note_ended(const job::JobRecord& record);
  void remove(const JobId& id, WallMillis now);
  void forget(const job::Tombstone& tombstone);
  void free_key(const job::Tombstone& tombstone);
  /// Replaces the record and keeps queue and counters in step.
  void put(Job& job, job::JobRecord record, Moment now, job::CommitGroup& group);
  void apply(Job& job, job::Change& change, Moment now, job::CommitGroup& group);
  job::Rules rules(const job::JobRecord& record) const;

  job::LogLimits limits_;
  std::map<JobId, Job> jobs_;  ///< the oldest first
  std::map<std::string, Owner, std::less<>> owners_;
  std::map<std::pair<std::string, std::string>, JobId> keys_;  ///< owner, idempotency key
  job::Schedule schedule_;
  job::StartRate start_rate_;
  job::Collector collector_;
  /// By ended_index: the ended jobs of all owners, by the time of their end.
  std::array<std::set<std::pair<WallMillis, JobId>>, job::kEndedStates.size()> by_end_;
  std::unordered_map<JobId, job::Tombstone> tombstones_;
  std::set<std::pair<WallMillis, JobId>> deletions_;  ///< the tombstones by time
};

}  // namespace hawser::store
