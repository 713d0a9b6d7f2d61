#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/limits.h"
#include "base/time.h"

namespace hawser::worker {

/// Lets the newest progress through at most once in limits::kProgressInterval. Pure: time comes in.
class ProgressGate {
 public:
  /// Replaces what waits.
  void offer(std::string payload) { waiting_ = std::move(payload); }
  /// What may go out now; null when nothing waits or the last one is too recent.
  const std::string* due(TimePoint now) const {
    if (!waiting_ || (last_ && now - *last_ < limits::kProgressInterval)) return nullptr;
    return &*waiting_;
  }
  /// What was due went out.
  void sent(TimePoint now) {
    waiting_.reset();
    last_ = now;
  }
  /// Takes what waits, whenever the last one was: nothing may follow but the end.
  std::optional<std::string> take_last() { return std::exchange(waiting_, std::nullopt); }

 private:
  std::optional<std::string> waiting_;
  std::optional<TimePoint> last_;
};

}  // namespace hawser::worker
