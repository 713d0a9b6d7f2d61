#include "fanout/local_broadcaster.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace hawser::fanout {

struct LocalBroadcaster::Delivery {
  Audience audience;
  EncodedPacket packet;
  bool is_volatile = false;

  std::size_t bytes() const {
    auto bytes = packet.text->size();
    for (const auto& attachment : packet.attachments) bytes += attachment->size();
    return bytes;
  }
};

struct LocalBroadcaster::Core {
  explicit Core(Loop& own) : loop(own) {}

  Loop& loop;
  Rooms rooms;  ///< used on the loop only
  // Under the mutex:
  Deliveries waiting;
  std::size_t waiting_bytes = 0;
};

namespace {

/// What the cores add to for one who asks; the last one brings it back.
struct Gathering {
  Gathering(Loop& asker, Audience wanted, Broadcaster::Found callback, std::size_t cores)
      : here(asker), audience(std::move(wanted)), found(std::move(callback)), missing(cores) {}

  Loop& here;
  const Audience audience;
  Broadcaster::Found found;
  std::mutex mutex;
  std::size_t missing;
  std::vector<SocketInfo> sockets;

  /// True for the last one.
  bool add(const Rooms& rooms) {
    const std::lock_guard lock(mutex);
    for (auto* member : rooms.select(audience)) sockets.push_back({member->id(), rooms.rooms_of(*member)});
    return --missing == 0;
  }
};

}  // namespace

LocalBroadcaster::LocalBroadcaster(const std::vector<Loop*>& loops, PacketEncoder encode)
    : encode_(std::move(encode)) {
  for (auto* loop : loops) cores_.push_back(std::make_unique<Core>(*loop));
}

LocalBroadcaster::~LocalBroadcaster() = default;

Rooms& LocalBroadcaster::rooms(Loop& here) {
  return core_of(here).rooms;
}

Status LocalBroadcaster::broadcast(Loop& here, Broadcast message) {
  auto& own = core_of(here);
  const auto delivery = std::make_shared<const Delivery>(
      Delivery{std::move(message.audience), encode_(std::move(message.payload)), message.is_volatile});
  Deliveries due;
  {
    const std::lock_guard lock(mutex_);
    if (!has_room()) return fail(Errc::overloaded, "Too many broadcasts wait; try again later.");
    for (const auto& core : cores_) {
      if (core.get() != &own) put(*core, delivery);
    }
    // What others have put here before comes before it here too.
    due = take(own);
  }
  due.push_back(delivery);
  deliver(own, due);
  return {};
}

bool LocalBroadcaster::has_room() const {
  return std::ranges::all_of(cores_, [](const auto& core) {
    return core->waiting.size() < limits::kMailboxBroadcasts &&
           core->waiting_bytes < limits::kMailboxBroadcastBytes;
  });
}

void LocalBroadcaster::put(Core& core, std::shared_ptr<const Delivery> delivery) {
  core.waiting_bytes += delivery->bytes();
  core.waiting.push_back(std::move(delivery));
  if (core.waiting.size() > 1) return;
  core.loop.post([this, &core] {
    Deliveries due;
    {
      const std::lock_guard lock(mutex_);
      due = take(core);
    }
    deliver(core, due);
  });
}

LocalBroadcaster::Deliveries LocalBroadcaster::take(Core& core) {
  core.waiting_bytes = 0;
  return std::exchange(core.waiting, {});
}

void LocalBroadcaster::deliver(Core& core, const Deliveries& deliveries) {
  for (const auto& delivery : deliveries) {
    for (auto* member : core.rooms.select(delivery->audience)) {
      member->deliver(delivery->packet, delivery->is_volatile);
    }
  }
}

void LocalBroadcaster::fetch(Loop& here, Audience audience, Found found) {
  const auto gathering =
      std::make_shared<Gathering>(here, std::move(audience), std::move(found), cores_.size());
  for (const auto& core : cores_) {
    core->loop.post([gathering, &own = *core] {
      if (!gathering->add(own.rooms)) return;
      gathering->here.post([gathering] { gathering->found(std::move(gathering->sockets)); });
    });
  }
}

}  // namespace hawser::fanout
