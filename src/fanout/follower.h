#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "fanout/hub.h"

namespace hawser::fanout {

/// One reader of an owner's stream: a cursor, pulled by its reader only while there is room to send.
/// Between two pulls it holds at most one page. Made by Hub::follow; lives on the hub's loop.
class Follower {
 public:
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// The event after the cursor, which moves onto it. Nothing when it is not here (yet): `on_ready` follows.
  std::optional<Item> next();
  /// Position of the last event given out; before that, where the reader started.
  std::uint64_t cursor() const { return cursor_; }

 private:
  friend class Hub;
  enum class State { starting, following, failed };

  Follower(Hub& hub, std::string owner, FollowerEvents events, std::optional<std::uint64_t> from);

  void wake();
  void read_head();
  void on_head(const Result<std::uint64_t>& head);
  void begin(std::uint64_t head, bool resumed);
  void read_page();
  void on_page(const Result<job::OwnerPage>& page);
  void retry_or_fail(const Error& error, void (Follower::*again)());
  void retry_later(void (Follower::*again)());
  Item take_from_page();

  Hub& hub_;
  std::string name_;
  FollowerEvents events_;
  Hub::Owner& owner_;
  State state_ = State::starting;
  std::uint64_t cursor_ = 0;
  std::deque<job::EventPtr> page_;
  bool reading_ = false;
  TimerId retry_timer_ = TimerId::none;
  Lifetime lifetime_;
};

}  // namespace hawser::fanout
