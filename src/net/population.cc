#include "net/population.h"

namespace hawser::net {

std::optional<Population::Member> Population::enter(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  if (size_ >= limit) return std::nullopt;
  ++size_;
  return Member(shared_from_this());
}

std::size_t Population::size() const {
  const std::lock_guard lock(mutex_);
  return size_;
}

bool Population::wait_until_empty(TimePoint deadline) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_until(lock, deadline, [this] { return size_ == 0; });
}

void Population::leave() {
  const std::lock_guard lock(mutex_);
  if (--size_ == 0) emptied_.notify_all();
}

}  // namespace hawser::net
