#include "runtime/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace hawser::runtime {
namespace {

TEST(ThreadPool, runs_what_was_queued_before_stop) {
  std::atomic<int> ran = 0;
  ThreadPool pool("test", 2, 1000);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.try_post([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 100);
  EXPECT_FALSE(pool.try_post([] {}));
}

TEST(ThreadPool, refuses_when_the_queue_is_full) {
  ThreadPool pool("test", 1, 1);
  std::latch started(1);
  std::latch release(1);
  ASSERT_TRUE(pool.try_post([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  EXPECT_TRUE(pool.try_post([] {}));
  EXPECT_FALSE(pool.try_post([] {}));
  release.count_down();
}

}  // namespace
}  // namespace hawser::runtime
