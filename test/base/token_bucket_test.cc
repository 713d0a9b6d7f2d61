#include "base/token_bucket.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

using namespace std::chrono_literals;

TEST(TokenBucket, allows_the_burst_and_then_the_rate) {
  TimePoint now{};
  TokenBucket bucket(10, 3, now);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now + 50ms));
  EXPECT_TRUE(bucket.take(now + 150ms));
  EXPECT_FALSE(bucket.take(now + 160ms));
}

TEST(TokenBucket, saves_no_more_than_the_burst) {
  TimePoint now{};
  TokenBucket bucket(10, 2, now);
  now += 1h;
  EXPECT_TRUE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

}  // namespace
}  // namespace hawser
