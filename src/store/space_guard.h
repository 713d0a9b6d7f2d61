#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "base/loop.h"
#include "store/hooks.h"

namespace hawser::store {

/// Says whether there is room for new output. Asks the file system at most every 250 ms and only when asked,
/// so it recovers by itself as soon as space was freed. A file system that cannot tell counts as roomy: a
/// write that fails is noticed anyway. Any thread.
class SpaceGuard {
 public:
  SpaceGuard(Clock& clock, FreeSpace free_space, std::uint64_t reserve);

  bool has_room();
  std::uint64_t free_bytes();

 private:
  void refresh();

  Clock& clock_;
  FreeSpace free_space_;
  std::uint64_t reserve_;
  std::mutex mutex_;
  std::optional<TimePoint> checked_at_;
  std::optional<std::uint64_t> free_bytes_;
  bool has_room_ = true;
};

}  // namespace hawser::store
