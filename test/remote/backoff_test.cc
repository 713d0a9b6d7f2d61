#include "remote/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace hawser::remote {
namespace {

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
}  // namespace hawser::remote
