#include "net/deadline.h"

#include <utility>

namespace hawser::net {

Deadline::Deadline(Loop& loop, Task on_expired) : loop_(loop), on_expired_(std::move(on_expired)) {}

Deadline::~Deadline() {
  if (timer_ != TimerId::none) loop_.cancel(timer_);
}

void Deadline::set(std::optional<TimePoint> when) {
  when_ = when;
  if (!when_ || (timer_ != TimerId::none && armed_for_ <= *when_)) return;
  loop_.cancel(timer_);
  arm(*when_);
}

void Deadline::arm(TimePoint when) {
  armed_for_ = when;
  timer_ = loop_.at(when, [this] { on_timer(); });
}

void Deadline::on_timer() {
  timer_ = TimerId::none;
  if (!when_) return;
  if (loop_.now() < *when_) {
    arm(*when_);
    return;
  }
  when_.reset();
  on_expired_();  // May destroy this object.
}

}  // namespace hawser::net
