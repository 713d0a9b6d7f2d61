#pragma once

#include <algorithm>
#include <cstddef>

#include "job/job_store.h"

namespace hawser::store {

/// Counts what a page may still take. The first event always fits, so that a read makes progress.
class PageBudget {
 public:
  explicit PageBudget(job::ReadLimits limits)
      : events_left_(std::max<std::size_t>(limits.events, 1)), bytes_left_(limits.bytes) {}

  bool exhausted() const { return events_left_ == 0; }

  /// False when the event does not fit any more; the page ends before it.
  bool take(const job::Event& event) {
    const auto size = event.payload->size() + (event.partial_output ? event.partial_output->size() : 0);
    if (exhausted() || (!empty_ && size > bytes_left_)) return false;
    empty_ = false;
    --events_left_;
    bytes_left_ -= std::min(bytes_left_, size);
    return true;
  }

 private:
  std::size_t events_left_;
  std::size_t bytes_left_;
  bool empty_ = true;
};

}  // namespace hawser::store
