#pragma once

#include <deque>
#include <utility>

#include "job/job_store.h"

namespace hawser::fuzz {

/// A store whose committer is slow when asked to be: commands wait until they are released, in order.
class HeldStore final : public job::JobStore {
 public:
  explicit HeldStore(job::JobStore& store) : store_(store) {}

  void submit(job::Command command, job::Completion completion) override {
    waiting_.emplace_back(std::move(command), std::move(completion));
    if (!holding) release();
  }
  bool release_one() {
    if (waiting_.empty()) return false;
    auto [command, completion] = std::move(waiting_.front());
    waiting_.pop_front();
    store_.submit(std::move(command), std::move(completion));
    return true;
  }
  void release() {
    holding = false;
    while (release_one()) continue;
  }

  Result<job::JobRecord> find(const JobId& id) override { return store_.find(id); }
  Result<std::string> input(const JobId& id) override { return store_.input(id); }
  Result<job::JobPage> read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) override {
    return store_.read_job(id, after, limits);
  }
  Result<job::OwnerPage> read_owner(std::string_view owner, std::uint64_t after,
                                    job::ReadLimits limits) override {
    return store_.read_owner(owner, after, limits);
  }
  Result<job::Tombstone> tombstone(const JobId& id) override { return store_.tombstone(id); }
  Result<job::JobList> list(const job::JobFilter& filter, const std::optional<JobId>& before,
                            std::size_t most) override {
    return store_.list(filter, before, most);
  }
  Result<job::Queues> queues(WallMillis now) override { return store_.queues(now); }
  Result<std::uint64_t> owner_head(std::string_view owner) override { return store_.owner_head(owner); }
  job::StoreStatus status() override { return store_.status(); }
  void set_listener(job::CommitListener listener) override { store_.set_listener(std::move(listener)); }
  void stop() override { store_.stop(); }

  bool holding = false;

 private:
  job::JobStore& store_;
  std::deque<std::pair<job::Command, job::Completion>> waiting_;
};

}  // namespace hawser::fuzz
