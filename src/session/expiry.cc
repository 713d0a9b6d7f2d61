#include "session/expiry.h"

#include <algorithm>
#include <utility>

namespace hawser::session {
namespace {

constexpr WallMillis kLongestWait = 24LL * 60 * 60 * 1000;

}  // namespace

Expiry::Expiry(Loop& loop, std::function<void()> on_warning, std::function<void()> on_expired)
    : loop_(loop), on_warning_(std::move(on_warning)), on_expired_(std::move(on_expired)) {}

Expiry::~Expiry() {
  loop_.cancel(timer_);
}

void Expiry::set(std::optional<WallMillis> expires_at) {
  loop_.cancel(std::exchange(timer_, TimerId::none));
  expires_at_ = expires_at;
  warned_ = false;
  if (expires_at_) check();
}

void Expiry::check() {
  const auto now = loop_.wall_now();
  if (now >= *expires_at_) return on_expired_();
  const auto warning = *expires_at_ - kWarning.count();
  if (now < warning) return wait_until(warning);
  if (!std::exchange(warned_, true)) on_warning_();
  wait_until(*expires_at_);
}

void Expiry::wait_until(WallMillis when) {
  const auto wait = std::min(when - loop_.wall_now(), kLongestWait);
  timer_ = loop_.after(Millis(wait), [this] { check(); });
}

}  // namespace hawser::session
