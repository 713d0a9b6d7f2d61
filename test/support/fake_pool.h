#pragma once

#include <deque>
#include <utility>

#include "base/loop.h"

namespace hawser::test {

/// Runs work at once on the calling thread, or, while held, when the test says so.
class FakePool final : public WorkPool {
 public:
  [[nodiscard]] bool try_post(Task task) override {
    if (refusing) return false;
    ++posted;
    if (holding) {
      held_.push_back(std::move(task));
    } else {
      task();
    }
    return true;
  }
  /// Runs the oldest held task. False when there was none.
  bool run_one() {
    if (held_.empty()) return false;
    auto task = std::move(held_.front());
    held_.pop_front();
    task();
    return true;
  }
  void release() {
    holding = false;
    while (run_one()) {
    }
  }

  bool holding = false;
  bool refusing = false;
  std::size_t posted = 0;

 private:
  std::deque<Task> held_;
};

}  // namespace hawser::test
