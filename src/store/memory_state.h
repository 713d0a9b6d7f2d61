#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "job/job_store.h"
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
    std::vector<job::EventPtr> events;  ///< position 1 first
    std::size_t active = 0;
  };
  /// The answer to a command and what it made durable.
  struct Outcome {
    Result<job::Reply> reply;
    job::CommitGroup group;
  };

  explicit MemoryState(job::LogLimits limits) : limits_(limits) {}

  Outcome execute(job::Command command, WallMillis now);
  const Job* find(const JobId& id) const;
  const Owner* find_owner(std::string_view owner) const;

 private:
  Outcome run(job::Start&& command, WallMillis now);
  Outcome run(job::Claim&& command, WallMillis now);
  template <class OneJobCommand>
  Outcome run(OneJobCommand&& command, WallMillis now);

  Result<job::Reply> repeat_start(const JobId& first, const job::Start& command) const;
  /// Replaces the record and keeps queue and counters in step.
  void put(Job& job, job::JobRecord record, job::CommitGroup& group);
  void append(Job& job, job::Change& change, job::CommitGroup& group);

  using QueueKey = std::pair<WallMillis, JobId>;  ///< creation time, id: the oldest first

  job::LogLimits limits_;
  std::unordered_map<JobId, Job> jobs_;
  std::map<std::string, Owner, std::less<>> owners_;
  std::map<std::pair<std::string, std::string>, JobId> keys_;  ///< owner, idempotency key
  std::map<std::string, std::set<QueueKey>, std::less<>> queues_;
};

}  // namespace hawser::store
