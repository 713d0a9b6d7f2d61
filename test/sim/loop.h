#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/lifetime.h"
#include "base/loop.h"
#include "test/sim/rng.h"
#include "test/sim/timeline.h"

namespace hawser::sim {

/// How fast the threads of a machine are.
struct Pace {
  std::uint64_t turn_micros = 200;    ///< at most, from one task of a loop to the next
  std::uint64_t read_micros = 2'000;  ///< at most, for a read of the disk
  std::uint64_t stall_percent = 0;    ///< of all turns and reads: fifty times slower
  std::uint64_t refuse_percent = 0;   ///< of all reads: the queue is full
};

/// One core of a simulated server.
class SimLoop final : public Loop {
 public:
  SimLoop(std::size_t index, Timeline& timeline, const SimClock& clock, Rng rng, const Pace& pace)
      : index_(index), timeline_(timeline), clock_(clock), rng_(rng), pace_(pace) {}

  void post(Task task) override {
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) schedule();
  }
  TimerId at(TimePoint when, Task task) override {
    const auto id = static_cast<TimerId>(++last_timer_);
    timers_.emplace(id, std::move(task));
    timeline_.at(when, lifetime_.guard([this, id] { fire(id); }));
    return id;
  }
  void cancel(TimerId timer) override { timers_.erase(timer); }
  TimePoint now() const override { return timeline_.now(); }
  WallMillis wall_now() const override { return clock_.wall_now(); }
  std::size_t index() const override { return index_; }
  bool is_current() const override { return true; }

  std::size_t timers() const { return timers_.size(); }

 private:
  void schedule() {
    auto delay = rng_.micros(0, pace_.turn_micros);
    if (rng_.percent(pace_.stall_percent)) delay *= 50;
    timeline_.after(delay, lifetime_.guard([this] { run_one(); }));
  }
  void run_one() {
    auto task = std::move(tasks_.front());
    task();
    tasks_.pop_front();
    if (!tasks_.empty()) schedule();
  }
  void fire(TimerId id) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) return;
    post(std::move(timers_.extract(found).mapped()));
  }

  std::size_t index_;
  Timeline& timeline_;
  const SimClock& clock_;
  Rng rng_;
  const Pace& pace_;
  std::deque<Task> tasks_;
  std::map<TimerId, Task> timers_;
  std::uint64_t last_timer_ = 0;
  Lifetime lifetime_;
};

/// The threads that read the disk: each read takes its time, so they overtake each other.
class SimPool final : public WorkPool {
 public:
  SimPool(Timeline& timeline, Rng rng, const Pace& pace) : timeline_(timeline), rng_(rng), pace_(pace) {}

  [[nodiscard]] bool try_post(Task task) override {
    if (rng_.percent(pace_.refuse_percent)) return false;
    const auto id = ++count_;
    tasks_.emplace(id, std::move(task));
    auto delay = rng_.micros(10, pace_.read_micros);
    if (rng_.percent(pace_.stall_percent)) delay *= 50;
    timeline_.after(delay, lifetime_.guard([this, id] { tasks_.extract(id).mapped()(); }));
    return true;
  }
  std::size_t waiting() const { return tasks_.size(); }

 private:
  Timeline& timeline_;
  Rng rng_;
  const Pace& pace_;
  std::map<std::uint64_t, Task> tasks_;
  std::uint64_t count_ = 0;
  Lifetime lifetime_;
};

}  // namespace hawser::sim
