#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/loop.h"
#include "job/errors.h"
#include "job/job_store.h"

namespace hawser::job {

/// What job types exist and what input they take; filled from the worker registry at start.
using InputCheck = std::function<Status(std::string_view input)>;

/// The commands of users: validates, fills in ids, checks ownership, and brings completions back to the
/// calling core. Any core; stateless apart from the drain flag.
class JobService {
 public:
  JobService(JobStore& store, WorkPool& readers, Clock& clock, Random& random,
             std::map<std::string, InputCheck, std::less<>> types);

  template <class T>
  using Done = std::move_only_function<void(Result<T>)>;

  // Every `done` runs on `loop`, exactly once, in a later turn.

  struct StartRequest {
    std::string owner, type, input, idempotency_key;
    int priority = 0;
    Millis delay{0};
  };
  /// Errors: unknown_type (names the known ones), input_too_large, bad_request, shutting_down and those of
  /// Start.
  void start(Loop& loop, StartRequest request, Done<Reply> done);
  void cancel(Loop& loop, std::string owner, JobId id, std::string reason, Done<Reply> done);
  void resume(Loop& loop, std::string owner, JobId id, Done<Reply> done);

  // Reads; `not_found` for unknown and foreign jobs alike, `gone` for deleted ones of the owner.
  void find(Loop& loop, std::string owner, JobId id, Done<JobRecord> done);
  void read_job(Loop& loop, std::string owner, JobId id, std::uint64_t after, ReadLimits limits,
                Done<JobPage> done);
  void read_owner(Loop& loop, std::string owner, std::uint64_t after, ReadLimits limits,
                  Done<OwnerPage> done);
  void owner_head(Loop& loop, std::string owner, Done<std::uint64_t> done);

  /// The types that exist, in alphabetical order.
  std::vector<std::string> types() const;

  /// From now on starts and resumes answer shutting_down. Any thread.
  void drain() { draining_ = true; }

 private:
  Status check(StartRequest& request) const;

  JobStore& store_;
  WorkPool& readers_;
  Clock& clock_;
  Random& random_;
  std::map<std::string, InputCheck, std::less<>> types_;
  std::atomic<bool> draining_{false};
};

}  // namespace hawser::job
