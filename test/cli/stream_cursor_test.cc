#include "cli/stream_cursor.h"

#include <gtest/gtest.h>

#include <vector>

namespace hawser::cli {
namespace {

using Verdict = StreamCursor::Verdict;

TEST(StreamCursor, accepts_only_the_next_sequence) {
  StreamCursor cursor;
  const std::pair<std::uint64_t, Verdict> steps[] = {
      {0, Verdict::duplicate}, {2, Verdict::gap},    {1, Verdict::accept}, {1, Verdict::duplicate},
      {3, Verdict::gap},       {2, Verdict::accept}, {3, Verdict::accept}, {2, Verdict::duplicate},
      {~0ULL, Verdict::gap},   {4, Verdict::accept},
  };
  for (const auto& [sequence, verdict] : steps) EXPECT_EQ(cursor.offer(sequence), verdict) << sequence;
  EXPECT_EQ(cursor.last(), 4U);
}

TEST(StreamCursor, delivers_each_once_and_in_order_whatever_is_repeated_or_lost) {
  std::uint64_t seed = 1;
  StreamCursor cursor;
  std::vector<std::uint64_t> delivered;
  while (cursor.last() < 500) {
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    // A replay begins anywhere up to a little beyond what is known, and breaks off anywhere.
    const auto begin = cursor.last() > 20 ? cursor.last() - 20 + (seed >> 33U) % 25 : (seed >> 33U) % 5;
    for (auto sequence = begin; sequence < begin + (seed >> 50U) % 40; ++sequence) {
      if (cursor.offer(sequence) == Verdict::accept) delivered.push_back(sequence);
    }
  }
  for (std::size_t i = 0; i < delivered.size(); ++i) ASSERT_EQ(delivered[i], i + 1);
}

TEST(StreamCursor, knows_whether_a_withdrawal_takes_back_accepted_chunks) {
  StreamCursor cursor;
  EXPECT_FALSE(cursor.withdraws(0));
  cursor.offer(1);
  cursor.offer(2);
  cursor.note_chunk();
  EXPECT_TRUE(cursor.withdraws(1));
  EXPECT_FALSE(cursor.withdraws(2));
  cursor.keep_through(1);
  EXPECT_FALSE(cursor.withdraws(1));
}

}  // namespace
}  // namespace hawser::cli
