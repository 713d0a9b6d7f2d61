#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fanout/broadcaster.h"
#include "fanout/recovery.h"

namespace hawser::fanout {

/// Makes the packet of an event, once for all who get it. Any thread.
using PacketEncoder = std::function<EncodedPacket(Payload)>;

/// The sockets of one namespace on all cores of this process, through one bounded mailbox a core. All cores
/// see the broadcasts in the same order.
///
/// Made before the loops run; destroyed after they have ended.
class LocalBroadcaster final : public Broadcaster {
 public:
  /// With `recovery`, every event that is not volatile has its offset as last argument, and is kept for
  /// sockets that come back.
  LocalBroadcaster(const std::vector<Loop*>& loops, PacketEncoder encode,
                   std::optional<Recovery> recovery = std::nullopt);
  ~LocalBroadcaster() override;

  Status broadcast(Loop& here, Broadcast message) override;
  void fetch(Loop& here, Audience audience, Found found) override;

  /// Those of the core of `here`; to be used there.
  Rooms& rooms(Loop& here);
  /// An event for one member, who is on `here`; not volatile.
  void send(Loop& here, Member& to, Payload payload);

  bool recovers() const { return recovery_.has_value(); }
  /// The connection of a member is gone: keeps its id and rooms for whoever shows `pid`. Before it is
  /// removed.
  void park(Loop& here, std::string pid, Member& member);
  /// The socket of `pid` with what it missed after `offset`. To be added to the rooms of `here` at once, in
  /// the same turn: what it misses from then on is nobody's business.
  std::optional<RecoveredSocket> recover(Loop& here, const std::string& pid, std::string_view offset);

 private:
  struct Delivery;
  using Deliveries = std::vector<std::shared_ptr<const Delivery>>;
  struct Core;

  Core& core_of(Loop& loop) { return *cores_[loop.index()]; }
  std::string next_offset();
  bool has_room() const;
  void put(Core& core, std::shared_ptr<const Delivery> delivery);
  Deliveries take(Core& core);
  static void deliver(Core& core, const Deliveries& deliveries);

  PacketEncoder encode_;
  std::vector<std::unique_ptr<Core>> cores_;
  std::atomic<std::uint64_t> last_offset_{0};
  std::mutex mutex_;  ///< of all mailboxes and the recovery: what gives them one order
  std::optional<Recovery> recovery_;
};

}  // namespace hawser::fanout
