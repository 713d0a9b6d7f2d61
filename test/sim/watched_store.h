#pragma once

#include <string>

#include "job/job_store.h"
#include "test/sim/world.h"

namespace hawser::sim {

class Server;

/// The store as everybody sees it: what goes in and what comes out is history. Once the server has died, in
/// the middle of something as well, nothing comes out any more.
class WatchedStore final : public job::JobStore {
 public:
  WatchedStore(World& world, Server& server, job::JobStore& store);

  /// As submit, told from whom it comes.
  void submit_as(const std::string& who, job::Command command, job::Completion completion);
  void submit(job::Command command, job::Completion completion) override {
    submit_as("s", std::move(command), std::move(completion));
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
  void set_listener(job::CommitListener listener) override;
  void stop() override { store_.stop(); }

 private:
  void on_answer(std::uint64_t number, const Result<job::Reply>& reply);

  World& world_;
  Server& server_;
  job::JobStore& store_;
};

/// `[sequence, position, kind, attempt, tag, hash]`; the hash is that of what clients are sent.
std::string event_fact(const job::Event& event);
/// Of the first argument of an event's packet.
std::string body_hash(std::string_view body);

}  // namespace hawser::sim
