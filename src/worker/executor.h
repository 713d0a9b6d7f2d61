#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/loop.h"
#include "base/time.h"
#include "job/job_store.h"
#include "worker/handler.h"
#include "worker/window.h"

namespace hawser::worker {

/// Runs handlers: claims queued jobs while a thread is free, feeds their output to the store, and tells them
/// to stop.
class Executor {
 public:
  struct Options {
    std::size_t threads = limits::kDefaultHandlerThreads;
    std::string holder;  ///< names this process's leases
    /// How often a store in another process is told that they are alive; zero: they need not be.
    Duration renew_every{0};
    Window window{};
  };
  /// `commands` and `clock` must outlive it.
  Executor(job::Commands& commands, Clock& clock, std::vector<std::shared_ptr<Handler>> handlers,
           Options options);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Begins to claim. Call after the store's listener is set.
  void start();
  /// To be called from the store's commit listener: new work, revoked jobs. Quick, any thread.
  void on_commit(const job::CommitGroup& group);
  /// Renews all leases now; who has lost his is told to stop. Any thread.
  void renew();
  /// Claims nothing more and asks every handler to stop and checkpoint; returns when all have returned and
  /// their leases are given back, or at `deadline`, leaving the rest to the next start. Idempotent.
  void drain(TimePoint deadline);
  std::size_t running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::worker
