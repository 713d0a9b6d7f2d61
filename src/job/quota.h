#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/time.h"
#include "base/token_bucket.h"

namespace hawser::job {

/// What one user may ask for.
struct Quota {
  std::size_t active_jobs = limits::kMaxActiveJobsPerOwner;
  /// As many may also come at once; 0: no bound.
  std::size_t starts_per_minute = 0;
};

/// Counts the starts of each user. Keeps only those who have started something in the last minute. One
/// thread.
class StartRate {
 public:
  explicit StartRate(std::size_t per_minute) : per_minute_(static_cast<double>(per_minute)) {}

  /// Nothing when the owner may start a job now; else how long to wait.
  std::optional<Millis> take(std::string_view owner, TimePoint now) {
    if (per_minute_ == 0) return std::nullopt;
    auto found = buckets_.find(owner);
    if (found == buckets_.end()) {
      found = buckets_.emplace(owner, TokenBucket(per_minute_ / 60, per_minute_, now)).first;
    }
    if (found->second.take(now)) return std::nullopt;
    return std::chrono::ceil<Millis>(found->second.wait());
  }
  /// To be called now and then.
  void forget_idle(TimePoint now) {
    if (now < next_look_) return;
    next_look_ = now + std::chrono::minutes(1);
    std::erase_if(buckets_, [now](const auto& entry) { return entry.second.is_full(now); });
  }

 private:
  double per_minute_;
  std::map<std::string, TokenBucket, std::less<>> buckets_;
  TimePoint next_look_;
};

}  // namespace hawser::job
