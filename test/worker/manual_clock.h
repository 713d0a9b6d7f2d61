#pragma once

#include <atomic>

#include "base/loop.h"

namespace hawser::worker {

/// Time that moves when the test says so. Any thread.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint(Duration(now_)); }
  WallMillis wall_now() const override { return 1'700'000'000'000; }
  void advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_{Duration(std::chrono::hours(1)).count()};
};

}  // namespace hawser::worker
