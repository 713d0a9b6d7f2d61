#pragma once

#include <cstddef>

#include "base/limits.h"

namespace hawser::worker {

/// What a run may have written that is not committed yet, and how large one event may be. One event passes
/// however small the window is.
struct Window {
  std::size_t events = limits::kUnackedEventsPerJob;
  std::size_t bytes = limits::kUnackedBytesPerJob;
  std::size_t event_bytes = limits::kMaxEventPayload;
};

}  // namespace hawser::worker
