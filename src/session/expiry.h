#pragma once

#include <functional>
#include <optional>

#include "base/loop.h"

namespace hawser::session {

/// Watches the expiry of a token by the wall clock, also while that is being set: it looks again at least
/// once a day. Lives on its loop.
class Expiry {
 public:
  static constexpr Millis kWarning{30'000};

  /// `on_warning` runs kWarning before the end, or at once when less is left; `on_expired` at the end.
  /// Neither may destroy this.
  Expiry(Loop& loop, std::function<void()> on_warning, std::function<void()> on_expired);
  ~Expiry();
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;

  /// A token without an end never expires. Replaces what was set before.
  void set(std::optional<WallMillis> expires_at);
  std::optional<WallMillis> expires_at() const { return expires_at_; }

 private:
  void check();
  void wait_until(WallMillis when);

  Loop& loop_;
  std::function<void()> on_warning_;
  std::function<void()> on_expired_;
  std::optional<WallMillis> expires_at_;
  bool warned_ = false;
  TimerId timer_ = TimerId::none;
};

}  // namespace hawser::session
