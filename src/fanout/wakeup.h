#pragma once

#include <functional>
#include <memory>

#include "job/job_store.h"

namespace hawser::fanout {

/// Carries "there is something new" from the store to the cores: in this process by mailbox, later
/// between processes by Redis. A hint: it may be late, lost or doubled; the log answers.
class Wakeup {
 public:
  virtual ~Wakeup() = default;
  /// Store's thread, or that of a bus. Never blocks.
  virtual void announce(const std::shared_ptr<const job::CommitGroup>& group) = 0;
};

}  // namespace hawser::fanout
