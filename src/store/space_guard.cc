#include "store/space_guard.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace hawser::store {
namespace {

constexpr auto kCheckInterval = Millis(250);

}  // namespace

SpaceGuard::SpaceGuard(Clock& clock, FreeSpace free_space, std::uint64_t reserve)
    : clock_(clock), free_space_(std::move(free_space)), reserve_(reserve) {}

bool SpaceGuard::has_room() {
  const std::lock_guard lock(mutex_);
  refresh();
  return has_room_;
}

std::uint64_t SpaceGuard::free_bytes() {
  const std::lock_guard lock(mutex_);
  refresh();
  return free_bytes_.value_or(0);
}

void SpaceGuard::refresh() {
  const auto now = clock_.now();
  if (checked_at_ && now - *checked_at_ < kCheckInterval) return;
  checked_at_ = now;
  const auto free = free_space_();
  free_bytes_ = free ? std::optional(*free) : std::nullopt;
  const bool had_room = std::exchange(has_room_, !free || *free >= reserve_);
  if (had_room && !has_room_) {
    spdlog::warn("store: {} bytes are free, below the reserve of {}; starts and appends are refused", *free,
                 reserve_);
  } else if (!had_room && has_room_) {
    spdlog::info("store: there is enough free space again; starts and appends go on");
  }
}

}  // namespace hawser::store
