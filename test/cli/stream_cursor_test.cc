#include "cli/stream_cursor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "cli/backoff.h"

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

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(int byte) : byte_(byte) {}
  void fill(void* out, std::size_t size) override { std::memset(out, byte_, size); }

 private:
  int byte_;
};

TEST(Backoff, grows_from_a_quarter_second_to_five_seconds_and_starts_again) {
  for (const int byte : {0x00, 0x7f, 0xff}) {
    FixedRandom random(byte);
    Backoff backoff(random);
    Millis full = Backoff::kFirst;
    for (int i = 0; i < 12; ++i) {
      const auto delay = backoff.next();
      EXPECT_GE(delay, std::max(full / 2, Backoff::kFirst));
      EXPECT_LE(delay, full);
      full = std::min(full * 2, Backoff::kLongest);
    }
    backoff.reset();
    EXPECT_LE(backoff.next(), Backoff::kFirst);
  }
}

}  // namespace
}  // namespace hawser::cli
