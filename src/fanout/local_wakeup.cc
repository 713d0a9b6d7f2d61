#include "fanout/local_wakeup.h"

#include <mutex>
#include <utility>

#include "base/limits.h"

namespace hawser::fanout {

class LocalWakeup::Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(Hub& hub) : hub_(hub) {}

  /// Any thread.
  void put(const std::shared_ptr<const job::CommitGroup>& group) {
    const std::lock_guard lock(mutex_);
    if (groups_.size() < limits::kMailboxGroups) {
      groups_.push_back(group);
    } else {
      overflowed_ = true;
    }
    if (std::exchange(posted_, true)) return;
    hub_.loop().post([self = shared_from_this()] { self->deliver(); });
  }

 private:
  /// The hub's loop.
  void deliver() {
    std::vector<std::shared_ptr<const job::CommitGroup>> groups;
    bool overflowed = false;
    {
      const std::lock_guard lock(mutex_);
      groups.swap(groups_);
      overflowed = std::exchange(overflowed_, false);
      posted_ = false;
    }
    for (const auto& group : groups) hub_.announce(*group);
    if (overflowed) hub_.catch_up();
  }

  Hub& hub_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const job::CommitGroup>> groups_;
  bool overflowed_ = false;
  bool posted_ = false;
};

LocalWakeup::LocalWakeup(const std::vector<Hub*>& hubs) {
  for (auto* hub : hubs) mailboxes_.push_back(std::make_shared<Mailbox>(*hub));
}

LocalWakeup::~LocalWakeup() = default;

void LocalWakeup::announce(const std::shared_ptr<const job::CommitGroup>& group) {
  for (const auto& mailbox : mailboxes_) mailbox->put(group);
}

}  // namespace hawser::fanout
