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
  /// How long until there is one, after `take` had none.
  Duration wait() const {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>((1 - tokens_) / per_second_));
  }
  /// Nothing was taken for so long that a new bucket would be the same.
  bool is_full(TimePoint now) const {
    return tokens_ + std::chrono::duration<double>(now - last_).count() * per_second_ >= burst_;
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  TimePoint last_;
};

}  // namespace hawser
