#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>

#include "base/loop.h"

namespace hawser::runtime {

/// A Loop on Boost.Asio (epoll). `run` makes the calling thread the loop's thread.
class AsioLoop final : public Loop {
 public:
  AsioLoop(std::size_t index, Clock& clock);
  ~AsioLoop() override;

  void post(Task task) override;
  TimerId at(TimePoint when, Task task) override;
  void cancel(TimerId timer) override;
  TimePoint now() const override;
  WallMillis wall_now() const override;
  std::size_t index() const override;
  bool is_current() const override;

  /// Runs until `stop`.
  void run();
  /// Instead of `run`: does what is ready, and what is due by the clock, until nothing is; true if there was
  /// anything. For tests that own the clock.
  bool poll();
  /// Ends `run` after the current turn; what is still posted is destroyed with the loop. Any thread.
  void stop();
  /// Runs `task` once, after the handlers that are ready in this turn. For flushing what a turn wrote.
  /// Loop thread.
  void at_end_of_turn(Task task);
  boost::asio::io_context& context();
  /// Timers that are set. Loop thread.
  std::size_t timers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::runtime
