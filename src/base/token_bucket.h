#pragma once

#include <algorithm>

#include "base/time.h"

namespace hawser {

/// Allows `burst` at once and `per_second` in the long run. One owner, no thread safety.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst, TimePoint now)
      : per_second_(per_second), burst_(burst), tokens_(burst), last_(now) {}

  bool take(TimePoint now) {
    const std::chrono::duration<double> elapsed = now - last_;
    last_ = now;
    tokens_ = std::min(burst_, tokens_ + elapsed.count() * per_second_);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  TimePoint last_;
};

}  // namespace hawser
