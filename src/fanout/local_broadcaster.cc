#include "fanout/local_broadcaster.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
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

/// The payload of an event with one argument more; without when there is no offset.
Payload with_offset(Payload payload, std::string_view offset) {
  if (offset.empty()) return payload;
  payload.json.back() = ',';
  json::append_string(payload.json, offset);
  payload.json += ']';
  return payload;
}

}  // namespace

LocalBroadcaster::LocalBroadcaster(const std::vector<Loop*>& loops, PacketEncoder encode,
                                   std::optional<Recovery> recovery)
    : encode_(std::move(encode)), recovery_(std::move(recovery)) {
  for (auto* loop : loops) cores_.push_back(std::make_unique<Core>(*loop));
}

LocalBroadcaster::~LocalBroadcaster() = default;

Rooms& LocalBroadcaster::rooms(Loop& here) {
  return core_of(here).rooms;
}

Status LocalBroadcaster::broadcast(Loop& here, Broadcast message) {
  auto& own = core_of(here);
  auto offset = message.is_volatile ? std::string() : next_offset();
  auto packet = encode_(with_offset(std::move(message.payload), offset));
  const auto delivery = std::make_shared<const Delivery>(
      Delivery{std::move(message.audience), std::move(packet), message.is_volatile});
  Deliveries due;
  {
    const std::lock_guard lock(mutex_);
    if (!has_room()) return fail(Errc::overloaded, "Too many broadcasts wait; try again later.");
    if (!offset.empty()) {
      recovery_->record(std::move(offset), delivery->audience, delivery->packet, here.now());
    }
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

void LocalBroadcaster::send(Loop& here, Member& to, Payload payload) {
  auto offset = next_offset();
  const auto packet = encode_(with_offset(std::move(payload), offset));
  if (!offset.empty()) {
    auto& own = core_of(here);
    Deliveries due;
    {
      const std::lock_guard lock(mutex_);
      recovery_->record(std::move(offset), {.rooms = {to.id()}, .except = {}}, packet, here.now());
      due = take(own);
    }
    deliver(own, due);
  }
  to.deliver(packet, false);
}

/// Empty without recovery.
std::string LocalBroadcaster::next_offset() {
  return recovery_ ? std::to_string(++last_offset_) : std::string();
}

void LocalBroadcaster::park(Loop& here, std::string pid, Member& member) {
  const std::lock_guard lock(mutex_);
  recovery_->park(std::move(pid), {member.id(), rooms(here).rooms_of(member)}, here.now());
}

std::optional<RecoveredSocket> LocalBroadcaster::recover(Loop& here, const std::string& pid,
                                                         std::string_view offset) {
  auto& own = core_of(here);
  std::optional<RecoveredSocket> back;
  Deliveries due;
  {
    const std::lock_guard lock(mutex_);
    back = recovery_->recover(pid, offset, here.now());
    // What waits for this core is among what was missed, and must not come again.
    due = take(own);
  }
  deliver(own, due);
  return back;
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
