#pragma once

#include <mutex>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "job/job_store.h"
#include "job/transition.h"
#include "store/command_queue.h"
#include "store/database.h"
#include "store/hooks.h"
#include "store/job_table.h"
#include "store/space_guard.h"

namespace hawser::store {

/// The one that changes the store: takes what is queued, decides it, writes it as one synced batch,
/// and only then answers and announces (DESIGN 1, law 2). As soon as one group is on disk it takes the next.
///
/// A failed write is never retried and nothing of its group is acknowledged: the fatal hook ends the process.
/// Should the hook return, as in a test, all commands from then on are answered `unavailable`.
///
/// It has a thread of its own, or works on that of its owner, group by group (`pump`), so that a simulation
/// decides what happens when.
class Committer {
 public:
  struct Options {
    Clock& clock;
    job::LogLimits limits;
    Duration min_flush_interval{};
    FatalHook fatal;
    CommitsOn commits_on = CommitsOn::own_thread;
  };

  Committer(Database& database, JobTable table, SpaceGuard& space, Options options);
  /// As stop().
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  void set_listener(job::CommitListener listener) { listener_ = std::move(listener); }
  /// Any thread.
  void submit(job::Command command, job::Completion completion);
  std::size_t queued() const { return queue_.size(); }
  /// Commits one group; false when nothing waits. Only without a thread, and always on the same one.
  bool pump();
  /// Commits what is queued and joins the thread. Idempotent; not from the committer's thread.
  void stop();

 private:
  void run();
  void pause_between_flushes();
  void handle(std::vector<PendingCommand> group);
  void commit(std::vector<PendingCommand> group);
  static void refuse(std::vector<PendingCommand> group);

  Database& database_;
  JobTable table_;
  SpaceGuard& space_;
  Options options_;
  job::CommitListener listener_;
  CommandQueue queue_;
  TimePoint last_flush_;
  bool failed_ = false;  ///< a write failed and the fatal hook returned
  std::mutex stop_mutex_;
  std::thread thread_;  ///< last: it uses all the others
};

}  // namespace hawser::store
