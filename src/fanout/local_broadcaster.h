#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "fanout/broadcaster.h"

namespace hawser::fanout {

/// Makes the packet of an event, once for all who get it. Any thread.
using PacketEncoder = std::function<EncodedPacket(Payload)>;

/// The sockets of one namespace on all cores of this process, through one bounded mailbox a core. All cores
/// see the broadcasts in the same order.
///
/// Made before the loops run; destroyed after they have ended.
class LocalBroadcaster final : public Broadcaster {
 public:
  LocalBroadcaster(const std::vector<Loop*>& loops, PacketEncoder encode);
  ~LocalBroadcaster() override;

  Status broadcast(Loop& here, Broadcast message) override;
  void fetch(Loop& here, Audience audience, Found found) override;

  /// Those of the core of `here`; to be used there.
  Rooms& rooms(Loop& here);

 private:
  struct Delivery;
  using Deliveries = std::vector<std::shared_ptr<const Delivery>>;
  struct Core;

  Core& core_of(Loop& loop) { return *cores_[loop.index()]; }
  bool has_room() const;
  void put(Core& core, std::shared_ptr<const Delivery> delivery);
  Deliveries take(Core& core);
  static void deliver(Core& core, const Deliveries& deliveries);

  PacketEncoder encode_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::mutex mutex_;  ///< of all mailboxes: what gives them one order
};

}  // namespace hawser::fanout
