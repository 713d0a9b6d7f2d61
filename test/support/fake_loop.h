#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/loop.h"

namespace hawser::test {

/// A loop whose time stands still until a test moves it. Single-threaded.
class FakeLoop final : public Loop, public Clock {
 public:
  static constexpr WallMillis kStartWall = 1'700'000'000'000;

  explicit FakeLoop(std::size_t index = 0) : index_(index) {}

  void post(Task task) override { posted_.push_back(std::move(task)); }
  TimerId at(TimePoint when, Task task) override {
    const auto id = static_cast<TimerId>(++last_timer_);
    timers_.emplace(std::pair(when, id), std::move(task));
    return id;
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
  }
  TimePoint now() const override { return now_; }
  WallMillis wall_now() const override {
    return kStartWall + std::chrono::duration_cast<Millis>(now_.time_since_epoch()).count();
  }
  std::size_t index() const override { return index_; }
  bool is_current() const override { return true; }

  /// Runs one posted task. False when there was none.
  bool run_one() {
    if (posted_.empty()) return false;
    auto task = std::move(posted_.front());
    posted_.pop_front();
    task();
    return true;
  }
  /// Runs what is posted and what that posts. Timers wait for `advance`.
  void run() {
    while (run_one()) {
    }
  }
  /// Moves time and runs what becomes due, in order.
  void advance(Duration by) {
    const auto end = now_ + by;
    run();
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      now_ = std::max(now_, timers_.begin()->first.first);
      auto task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
      run();
    }
    now_ = end;
  }
  std::size_t timers() const { return timers_.size(); }

 private:
  std::size_t index_;
  TimePoint now_{};
  std::deque<Task> posted_;
  std::map<std::pair<TimePoint, TimerId>, Task> timers_;
  std::uint64_t last_timer_ = 0;
};

}  // namespace hawser::test
