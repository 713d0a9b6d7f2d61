#pragma once

#include <memory>
#include <optional>

#include "base/loop.h"

namespace hawser::net {

/// A timer whose deadline moves often, mostly to later, as those of connections do: moving it later costs
/// nothing, the loop's timer runs at the old time and is set again. Lives on its loop.
class Deadline {
 public:
  /// `on_expired` runs on the loop, not before the deadline, and never after this object is gone.
  Deadline(Loop& loop, Task on_expired);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::optional<TimePoint> when);
  void clear() { when_.reset(); }

 private:
  void arm(TimePoint when);
  void on_timer();

  Loop& loop_;
  Task on_expired_;
  std::optional<TimePoint> when_;
  TimePoint armed_for_;
  TimerId timer_ = TimerId::none;
};

}  // namespace hawser::net
