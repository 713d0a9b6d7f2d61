#include "fanout/feed.h"

#include <gtest/gtest.h>

#include <string>

#include "base/limits.h"

namespace hawser::fanout {
namespace {

job::EventPtr event_at(std::uint64_t position, bool complete = true, std::size_t size = 1) {
  job::Event event;
  event.position = position;
  event.complete = complete;
  event.payload = share(std::string(size, 'x'));
  return std::make_shared<const job::Event>(std::move(event));
}

class FeedTest : public testing::Test {
 protected:
  Encoder encode = [this](const job::Event& event) {
    ++encoded;
    return share(std::to_string(event.position));
  };
  int encoded = 0;
  Feed feed;
};

TEST_F(FeedTest, encodes_an_event_once_for_all_readers) {
  feed.announce(event_at(5));
  const auto first = feed.find(5, encode);
  const auto second = feed.find(5, encode);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->frame, second->frame);
  EXPECT_EQ(encoded, 1);
}

TEST_F(FeedTest, has_only_a_gapless_run) {
  EXPECT_TRUE(feed.announce(event_at(5)));
  EXPECT_TRUE(feed.announce(event_at(6)));
  EXPECT_TRUE(feed.announce(event_at(9)));
  EXPECT_FALSE(feed.find(5, encode));
  EXPECT_FALSE(feed.find(7, encode));
  EXPECT_TRUE(feed.find(9, encode));
  EXPECT_FALSE(feed.find(10, encode));
  EXPECT_EQ(feed.head(), 9U);
}

TEST_F(FeedTest, ignores_doubled_and_old_announcements) {
  feed.announce(event_at(5));
  feed.announce(event_at(6));
  EXPECT_FALSE(feed.announce(event_at(6)));
  EXPECT_FALSE(feed.announce(event_at(5)));
  EXPECT_FALSE(feed.announce(event_at(2)));
  EXPECT_EQ(feed.size(), 2U);
  EXPECT_TRUE(feed.find(6, encode));
}

TEST_F(FeedTest, an_announcement_behind_a_known_head_still_joins_the_run) {
  feed.announce(event_at(5));
  EXPECT_TRUE(feed.raise_head(7));
  EXPECT_FALSE(feed.announce(event_at(6)));
  EXPECT_TRUE(feed.find(6, encode));
}

TEST_F(FeedTest, does_not_give_out_an_incomplete_event_until_it_was_read) {
  feed.announce(event_at(5, false));
  EXPECT_FALSE(feed.find(5, encode));
  feed.complete(event_at(5));
  EXPECT_TRUE(feed.find(5, encode));
}

TEST_F(FeedTest, is_bounded_by_events) {
  for (std::uint64_t i = 1; i <= limits::kFeedEvents + 10; ++i) feed.announce(event_at(i));
  EXPECT_EQ(feed.size(), limits::kFeedEvents);
  EXPECT_FALSE(feed.find(10, encode));
  EXPECT_TRUE(feed.find(11, encode));
}

TEST_F(FeedTest, is_bounded_by_bytes_but_keeps_the_newest) {
  for (std::uint64_t i = 1; i <= 10; ++i) feed.announce(event_at(i, true, limits::kFeedBytes / 4));
  EXPECT_LE(feed.bytes(), limits::kFeedBytes);
  feed.announce(event_at(11, true, 2 * limits::kFeedBytes));
  EXPECT_EQ(feed.size(), 1U);
  EXPECT_TRUE(feed.find(11, encode));
}

}  // namespace
}  // namespace hawser::fanout
