#pragma once

#include <algorithm>
#include <cstdint>

#include "base/loop.h"
#include "base/time.h"

namespace hawser::remote {

/// Waiting times between attempts to connect: doubling, and each random between half of it and all of it,
/// so that the clients of a restarted server do not all come back at the same instant.
class Backoff {
 public:
  static constexpr Millis kFirst{250};
  static constexpr Millis kLongest{5'000};

  explicit Backoff(Random& random) : random_(random) {}

  Millis next() {
    const auto full = static_cast<std::uint64_t>(current_.count());
    current_ = std::min(current_ * 2, kLongest);
    std::uint64_t number = 0;
    random_.fill(&number, sizeof(number));
    return std::max(kFirst, Millis(static_cast<std::int64_t>(full / 2 + number % (full / 2 + 1))));
  }
  void reset() { current_ = kFirst; }

 private:
  Random& random_;
  Millis current_ = kFirst;
};

}  // namespace hawser::remote
