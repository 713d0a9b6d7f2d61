#pragma once

#include <atomic>

#include "base/loop.h"

namespace hawser::test {

/// Both times move when the test says so. Any thread.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(now_)); }
  WallMillis wall_now() const override {
    return kStartWall + step_ + std::chrono::duration_cast<Millis>(Duration(now_)).count();
  }
  void advance(Duration by) { now_ += by.count(); }
  /// Somebody sets the clock on the wall.
  void step_wall(Millis by) { step_ += by.count(); }

 private:
  static constexpr WallMillis kStartWall = 1'700'000'000'000;
  std::atomic<WallMillis> step_{0};
  std::atomic<Duration::rep> now_{Duration(std::chrono::hours(1)).count()};
};

}  // namespace hawser::test
