#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

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
    std::vector<job::EventPtr> events;  ///< position 1 first
    std::size_t active = 0;
  };
  /// The answer to a command and what it made durable.
  struct Outcome {
    Result<job::Reply> reply;
    job::CommitGroup group;
  };

  MemoryState(job::LogLimits limits, std::shared_ptr<const job::Policies> policies)
      : limits_(limits), schedule_(std::move(policies)), start_rate_(schedule_.quota().starts_per_minute) {}

  Outcome execute(job::Command command, Moment now);
  const Job* find(const JobId& id) const;
  const Owner* find_owner(std::string_view owner) const;

 private:
  Outcome run(job::Start&& command, Moment now);
  Outcome run(job::Claim&& command, Moment now);
  Outcome run(job::Sweep&& command, Moment now);
  template <class OneJobCommand>
  Outcome run(OneJobCommand&& command, Moment now);

  Result<job::Reply> repeat_start(const JobId& first, const job::Start& command) const;
  /// Replaces the record and keeps queue and counters in step.
  void put(Job& job, job::JobRecord record, Moment now, job::CommitGroup& group);
  void apply(Job& job, job::Change& change, Moment now, job::CommitGroup& group);
  job::Rules rules(const job::JobRecord& record) const;

  job::LogLimits limits_;
  std::unordered_map<JobId, Job> jobs_;
  std::map<std::string, Owner, std::less<>> owners_;
  std::map<std::pair<std::string, std::string>, JobId> keys_;  ///< owner, idempotency key
  job::Schedule schedule_;
  job::StartRate start_rate_;
};

}  // namespace hawser::store
