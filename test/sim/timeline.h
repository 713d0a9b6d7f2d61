#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/loop.h"
#include "base/time.h"

namespace hawser::sim {

/// All that will happen, in order of its time, and the time itself, which jumps from one to the next.
class Timeline {
 public:
  TimePoint now() const { return now_; }
  void at(TimePoint when, Task task) {
    tasks_.emplace(std::pair(std::max(when, now_), ++count_), std::move(task));
  }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }
  /// Lets the next thing happen, if it does before `end`.
  bool step(TimePoint end) {
    if (tasks_.empty() || tasks_.begin()->first.first > end) return false;
    auto first = tasks_.extract(tasks_.begin());
    now_ = first.key().first;
    ++steps_;
    first.mapped()();
    return true;
  }
  std::uint64_t steps() const { return steps_; }
  std::uint64_t micros() const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now_ - kStart).count());
  }

 private:
  static constexpr TimePoint kStart{std::chrono::hours(1)};
  TimePoint now_ = kStart;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> tasks_;
  std::uint64_t count_ = 0;
  std::uint64_t steps_ = 0;
};

/// The clocks of a machine. The wall clock can be set.
class SimClock final : public Clock {
 public:
  explicit SimClock(const Timeline& timeline) : timeline_(timeline) {}
  TimePoint now() const override { return timeline_.now(); }
  WallMillis wall_now() const override {
    return kStartWall + std::chrono::duration_cast<Millis>(timeline_.now().time_since_epoch()).count() +
           jumped_;
  }
  void jump(WallMillis by) { jumped_ += by; }

 private:
  static constexpr WallMillis kStartWall = 1'700'000'000'000;
  const Timeline& timeline_;
  WallMillis jumped_ = 0;
};

}  // namespace hawser::sim
