#include "runtime/asio_loop.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "runtime/system.h"

namespace hawser::runtime {
namespace {

using namespace std::chrono_literals;

TEST(AsioLoop, runs_posted_tasks_in_order_even_from_other_threads) {
  AsioLoop loop(0, system_clock());
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.post([&] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(AsioLoop, timers_fire_in_order_of_deadline_and_never_early) {
  AsioLoop loop(0, system_clock());
  std::vector<int> order;
  const auto start = loop.now();
  loop.after(20ms, [&] {
    order.push_back(2);
    EXPECT_GE(loop.now() - start, 20ms);
    loop.stop();
  });
  loop.after(5ms, [&] { order.push_back(1); });
  loop.run();
  EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(AsioLoop, a_cancelled_timer_does_not_fire) {
  AsioLoop loop(0, system_clock());
  bool fired = false;
  const auto timer = loop.after(1ms, [&] { fired = true; });
  loop.cancel(timer);
  loop.cancel(timer);
  loop.cancel(TimerId::none);
  loop.after(10ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(fired);
}

/// A clock that a test moves, far ahead of the real one so that no real timer comes in between.
class OwnClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallMillis wall_now() const override { return 0; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{std::chrono::hours(1'000'000)};
};

TEST(AsioLoop, a_poll_does_what_is_ready_and_due_by_the_clock) {
  OwnClock clock;
  AsioLoop loop(0, clock);
  std::vector<int> order;
  loop.after(10ms, [&] {
    order.push_back(2);
    loop.post([&] { order.push_back(3); });
    EXPECT_TRUE(loop.is_current());
  });
  loop.after(20ms, [&] { order.push_back(4); });
  loop.post([&] { order.push_back(1); });
  EXPECT_TRUE(loop.poll());
  EXPECT_EQ(order, (std::vector{1}));
  EXPECT_FALSE(loop.poll());
  clock.advance(10ms);
  EXPECT_TRUE(loop.poll());
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(loop.timers(), 1U);
  EXPECT_FALSE(loop.is_current());
}

TEST(AsioLoop, a_timer_may_cancel_another_that_is_due_at_the_same_time) {
  AsioLoop loop(0, system_clock());
  bool fired = false;
  auto second = TimerId::none;
  loop.after(1ms, [&] { loop.cancel(second); });
  second = loop.after(1ms, [&] { fired = true; });
  loop.after(10ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(fired);
}

TEST(AsioLoop, the_end_of_a_turn_comes_after_what_was_ready) {
  AsioLoop loop(0, system_clock());
  std::vector<char> order;
  loop.post([&] {
    loop.at_end_of_turn([&] { order.push_back('e'); });
    order.push_back('a');
  });
  loop.post([&] { order.push_back('b'); });
  loop.post([&] { loop.post([&] { loop.stop(); }); });
  loop.run();
  EXPECT_EQ(order, (std::vector{'a', 'b', 'e'}));
}

}  // namespace
}  // namespace hawser::runtime
