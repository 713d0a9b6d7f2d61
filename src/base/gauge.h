#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hawser {

/// A number for operators. One thread changes it, any thread may read it; a change costs a plain store, so
/// each core counts for itself and the reader adds the cores up.
class Gauge {
 public:
  void add(std::int64_t change) {
    value_.store(value_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// One that only grows.
using Counter = Gauge;

/// What one object contributes to a gauge; taken back with the object. Lives on the gauge's thread, and the
/// gauge outlives it.
class GaugeShare {
 public:
  explicit GaugeShare(Gauge& gauge) : gauge_(gauge) {}
  ~GaugeShare() { set(0); }
  GaugeShare(const GaugeShare&) = delete;
  GaugeShare& operator=(const GaugeShare&) = delete;

  void set(std::size_t amount) {
    if (amount == amount_) return;
    gauge_.add(static_cast<std::int64_t>(amount) - static_cast<std::int64_t>(amount_));
    amount_ = amount;
  }
  void add(std::size_t amount) { set(amount_ + amount); }
  void subtract(std::size_t amount) { set(amount_ - amount); }
  std::size_t amount() const { return amount_; }

 private:
  Gauge& gauge_;
  std::size_t amount_ = 0;
};

}  // namespace hawser
