#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/time.h"
#include "job/job_store.h"
#include "job/policy.h"
#include "worker/handler.h"

namespace hawser::worker {

/// Runs handlers inside the server: claims queued jobs while a thread is free, feeds their output to the
/// store, and tells them to stop.
class Executor {
 public:
  /// `store` and `clock` must outlive it. `holder` names this process's leases.
  Executor(job::JobStore& store, Clock& clock, std::vector<std::shared_ptr<Handler>> handlers,
           std::size_t threads, std::string holder,
           std::shared_ptr<const job::Policies> policies = std::make_shared<job::Policies>());
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Begins to claim. Call after the store's listener is set.
  void start();
  /// To be called from the store's commit listener: new work, revoked jobs. Quick, any thread.
  void on_commit(const job::CommitGroup& group);
  /// Claims nothing more and asks every handler to stop and checkpoint; returns when all have returned and
  /// their leases are given back, or at `deadline`, leaving the rest to the next start. Idempotent.
  void drain(TimePoint deadline);
  std::size_t running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::worker
