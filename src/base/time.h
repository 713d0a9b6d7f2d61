#pragma once

#include <chrono>
#include <cstdint>

namespace hawser {

/// Monotonic time. Protocol code receives it as an argument; only `runtime` reads a clock.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using Millis = std::chrono::milliseconds;

/// Milliseconds since the Unix epoch. For JWT checks and timestamps shown to people, never for order.
using WallMillis = std::int64_t;

/// Both clocks, read together.
struct Moment {
  TimePoint at;
  WallMillis wall = 0;
};

}  // namespace hawser
