#pragma once

#include <memory>
#include <vector>

#include "fanout/hub.h"
#include "fanout/wakeup.h"

namespace hawser::fanout {

/// Carries commit groups from the store's thread to the hubs of this process, through one bounded mailbox
/// a core (kMailboxGroups). A full mailbox drops groups, and its hub asks the store for the heads instead.
///
/// Made before the store's listener is set. The hubs must outlive the last turn of their loops; this may
/// be destroyed once the store has stopped.
class LocalWakeup final : public Wakeup {
 public:
  explicit LocalWakeup(const std::vector<Hub*>& hubs);
  ~LocalWakeup() override;

  void announce(const std::shared_ptr<const job::CommitGroup>& group) override;

 private:
  class Mailbox;
  std::vector<std::shared_ptr<Mailbox>> mailboxes_;
};

}  // namespace hawser::fanout
