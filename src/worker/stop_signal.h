#pragma once

#include <atomic>
#include <stop_token>

#include "worker/handler.h"

namespace hawser::worker {

/// The one request to stop that a run can get, with its reason. Shared by the run and its writer. Any thread.
class StopSignal {
 public:
  /// The first reason stands, except that losing the job is stronger than being asked to put it aside.
  /// Callbacks of the token run in the first call; they must be quick.
  void request(StopReason reason) {
    auto expected = StopReason::none;
    if (!reason_.compare_exchange_strong(expected, reason) && expected == StopReason::draining) {
      reason_.compare_exchange_strong(expected, reason);
    }
    source_.request_stop();
  }

  StopReason reason() const { return reason_; }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::atomic<StopReason> reason_{StopReason::none};
  std::stop_source source_;
};

}  // namespace hawser::worker
