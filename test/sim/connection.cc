#include "test/sim/connection.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "test/sim/server.h"

namespace hawser::sim {

TimePoint Connection::arrival(TimePoint& last) {
  last = std::max(last, world_.timeline.now() + world_.latency());
  return last;
}

void Connection::say(std::string message) {
  world_.timeline.at(arrival(last_up_), [self = shared_from_this(), message = std::move(message)]() mutable {
    if (self->lost_ || self->server_ended_ || !self->handler_) return;
    self->loop_.post([self, message = std::move(message)] {
      if (!self->server_ended_ && self->handler_) self->handler_->on_message(message, false);
    });
  });
}

void Connection::hang_up() {
  client_ended_ = true;
  world_.timeline.at(arrival(last_up_), [self = shared_from_this()] {
    if (!self->lost_) self->end_server_side("transport close");
  });
}

void Connection::abandon() {
  client_ended_ = true;
  cut({}, std::chrono::seconds(20));
}

void Connection::set_reading(bool reads) {
  reading_ = reads;
  while (reading_ && !held_.empty() && !client_ended_) {
    const auto message = std::move(held_.front());
    held_.pop_front();
    deliver(message);
  }
}

void Connection::cut(Duration client_learns, Duration server_learns) {
  lost_ = true;
  world_.timeline.after(server_learns,
                        [self = shared_from_this()] { self->end_server_side("ping timeout"); });
  world_.timeline.after(client_learns, [self = shared_from_this()] { self->end_client_side(); });
}

void Connection::bury() {
  lost_ = true;
  server_ended_ = true;
  handler_.reset();
  unsent_.clear();
  world_.timeline.after(world_.rng.micros(1, 2'000'000),
                        [self = shared_from_this()] { self->end_client_side(); });
}

void Connection::send(SharedBytes message, bool /*binary*/) {
  if (server_closes_ || server_ended_ || !world_.server || world_.server->is_dead()) return;
  unsent_bytes_ += message->size();
  world_.peaks.largest = std::max(world_.peaks.largest, message->size());
  unsent_.push_back(std::move(message));
  flow();
  world_.peaks.buffered = std::max(world_.peaks.buffered, unsent_bytes_);
}

bool Connection::has_room() {
  const bool room = unsent_bytes_ <= limits::kSendHighWater;
  wants_room_ = wants_room_ || !room;
  return room;
}

/// Moves on what the line takes.
void Connection::flow() {
  while (!unsent_.empty() && in_flight_ < kWindow) {
    auto message = std::move(unsent_.front());
    unsent_.pop_front();
    unsent_bytes_ -= message->size();
    in_flight_ += message->size();
    world_.timeline.at(arrival(last_down_),
                       [self = shared_from_this(), message = std::move(message)]() mutable {
                         if (self->lost_ || self->client_ended_) return;
                         if (self->reading_ && self->held_.empty()) return self->deliver(message);
                         self->held_.push_back(std::move(message));
                       });
  }
  if (wants_room_ && unsent_bytes_ <= limits::kSendLowWater) {
    wants_room_ = false;
    loop_.post([self = shared_from_this()] {
      if (!self->server_ended_ && self->handler_) self->handler_->on_writable();
    });
  }
  if (server_closes_ && unsent_.empty()) end_server_side("forced server close");
}

void Connection::deliver(const SharedBytes& message) {
  in_flight_ -= message->size();
  if (on_message) on_message(*message);
  if (!server_ended_ && handler_) flow();
}

void Connection::close(CloseReason) {
  if (std::exchange(server_closes_, true)) return;
  world_.timeline.after(std::chrono::seconds(10),
                        [self = shared_from_this()] { self->end_server_side("transport close"); });
  flow();
}

void Connection::end_server_side(std::string_view reason) {
  if (server_ended_ || !handler_) return;
  server_ended_ = true;
  loop_.post([self = shared_from_this(), reason] {
    if (!self->handler_) return;
    self->handler_->on_closed(reason);
    self->handler_.reset();
  });
  world_.timeline.at(arrival(last_down_), [self = shared_from_this()] { self->end_client_side(); });
}

void Connection::end_client_side() {
  if (std::exchange(client_ended_, true)) return;
  if (on_gone) on_gone();
}

}  // namespace hawser::sim
