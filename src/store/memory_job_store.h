#pragma once

#include <memory>

#include "base/loop.h"
#include "job/job_store.h"
#include "job/transition.h"

namespace hawser::store {

struct MemoryOptions {
  Clock& clock;
  Random& random;
  job::LogLimits log{};
  std::shared_ptr<const job::Policies> policies = std::make_shared<job::Policies>();
};

/// Keeps everything in memory behind one mutex: for tests, for trying things out, and as the plainest
/// reading of the contract. It has no thread: commands are decided within submit(), and completions and
/// announcements run on a submitting thread, one at a time, in commit order. Forgets all when destroyed.
class MemoryJobStore final : public job::JobStore {
 public:
  explicit MemoryJobStore(const MemoryOptions& options);
  ~MemoryJobStore() override;

  void submit(job::Command command, job::Completion completion) override;
  Result<job::JobRecord> find(const JobId& id) override;
  Result<std::string> input(const JobId& id) override;
  Result<job::JobPage> read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) override;
  Result<job::Tombstone> tombstone(const JobId& id) override;
  Result<job::OwnerPage> read_owner(std::string_view owner, std::uint64_t after,
                                    job::ReadLimits limits) override;
  Result<job::JobList> list(const job::JobFilter& filter, const std::optional<JobId>& before,
                            std::size_t most) override;
  Result<job::Queues> queues(WallMillis now) override;
  Result<std::uint64_t> owner_head(std::string_view owner) override;
  job::StoreStatus status() override;
  void set_listener(job::CommitListener listener) override;
  void stop() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::store
