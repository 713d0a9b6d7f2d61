#include "net/write_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace hawser::net {
namespace {

std::string gathered(const WriteQueue& queue, std::size_t parts = 64) {
  std::array<iovec, 64> buffers{};
  const auto count = queue.gather(std::span(buffers).first(parts));
  std::string out;
  for (std::size_t i = 0; i < count; ++i) {
    out.append(static_cast<const char*>(buffers[i].iov_base), buffers[i].iov_len);
  }
  return out;
}

TEST(WriteQueue, gathers_headers_and_bodies_in_order) {
  WriteQueue queue;
  queue.push("h1", share("body1"));
  queue.push("h2", nullptr);
  queue.push("", share("body3"));
  queue.push("", nullptr);
  queue.push("", share(""));
  EXPECT_EQ(gathered(queue), "h1body1h2body3");
  EXPECT_EQ(queue.bytes(), 14U);
}

TEST(WriteQueue, goes_on_from_every_byte) {
  const std::string all = "h1body1h2body3";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    WriteQueue queue;
    queue.push("h1", share("body1"));
    queue.push("h2", nullptr);
    queue.push("", share("body3"));
    queue.consume(cut);
    EXPECT_EQ(gathered(queue), all.substr(cut));
    EXPECT_EQ(queue.bytes(), all.size() - cut);
    queue.push("x", nullptr);
    EXPECT_EQ(gathered(queue), all.substr(cut) + "x");
  }
}

TEST(WriteQueue, shares_bodies_without_copying) {
  const auto body = share("shared");
  WriteQueue queue;
  queue.push("h", body);
  std::array<iovec, 4> buffers{};
  ASSERT_EQ(queue.gather(buffers), 2U);
  EXPECT_EQ(buffers[1].iov_base, body->data());
  queue.consume(queue.bytes());
  EXPECT_EQ(body.use_count(), 1);
}

TEST(WriteQueue, takes_no_more_parts_than_there_is_room_for) {
  WriteQueue queue;
  for (int i = 0; i < 10; ++i) queue.push("a", share("b"));
  EXPECT_EQ(gathered(queue, 5), "abab");
}

TEST(WriteQueue, discards_all_but_the_item_it_has_begun) {
  WriteQueue queue;
  queue.push("h1", share("body1"));
  queue.push("h2", share("body2"));
  queue.consume(3);
  queue.discard_unstarted();
  EXPECT_EQ(gathered(queue), "ody1");
  queue.push("end", nullptr);
  EXPECT_EQ(gathered(queue), "ody1end");
  queue.consume(7);
  EXPECT_TRUE(queue.empty());
  queue.push("h3", nullptr);
  queue.discard_unstarted();
  EXPECT_TRUE(queue.empty());
}

TEST(WriteQueue, keeps_order_over_many_partial_writes) {
  WriteQueue queue;
  std::string expected;
  std::string written;
  for (int i = 0; i < 1000; ++i) {
    queue.push("h", share(std::to_string(i)));
    expected += "h" + std::to_string(i);
    const auto front = gathered(queue, 6);
    const auto count = std::min<std::size_t>(front.size(), static_cast<std::size_t>(i % 5));
    written += front.substr(0, count);
    queue.consume(count);
  }
  while (!queue.empty()) {
    const auto front = gathered(queue);
    written += front;
    queue.consume(front.size());
  }
  EXPECT_EQ(written, expected);
}

}  // namespace
}  // namespace hawser::net
