#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "job/job_store.h"

namespace hawser::store {

/// A command that waits for the committer, and its size.
struct PendingCommand {
  PendingCommand(job::Command command, job::Completion completion);

  job::Command command;
  job::Completion completion;
  std::size_t events = 0;
  std::size_t bytes = 0;
};

/// The bounded queue in front of the committer. Any thread pushes, one pops.
///
/// New work (Start, Append) is refused at limits::kCommitQueueCommands and kCommitQueueBytes; the commands
/// that end or steer jobs have as much room again, so that a flood of output cannot keep jobs from ending.
class CommandQueue {
 public:
  /// On an error (overloaded, shutting_down) `pending` is left as it was.
  Status push(PendingCommand& pending);
  /// Waits for commands and takes as many as fit one commit group, at least one. Empty once the queue is
  /// closed and everything was taken.
  std::vector<PendingCommand> pop_group();
  /// Nothing more is accepted.
  void close();
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<PendingCommand> pending_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace hawser::store
