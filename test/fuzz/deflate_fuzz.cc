#include "net/deflate.h"

#include <string>

#include "test/fuzz/check.h"

namespace {

using hawser::fuzz::check;
using hawser::net::Deflater;
using hawser::net::Inflater;
using Outcome = Inflater::Outcome;

constexpr std::size_t kMaxMessage = 64 * 1024;

Inflater& inflater() {
  static Inflater one;
  return one;
}

void check_inflated(std::string_view input) {
  const auto inflated = inflater().inflate(input, kMaxMessage);
  check(inflated.data.size() <= kMaxMessage, "a message is as large as it may be");
  if (inflated.outcome != Outcome::done) return;
  const std::string whole(inflated.data);
  check(inflater().inflate(input, whole.size()).data == whole, "a limit that is not passed changes nothing");
  if (whole.empty()) return;
  check(inflater().inflate(input, whole.size() - 1).outcome == Outcome::too_big, "a limit is one");
}

void check_round_trip(Deflater& deflater, std::string_view input) {
  const auto deflated = deflater.deflate("4", input);
  if (!deflated) return;
  const auto again = inflater().inflate(*deflated, input.size() + 1);
  check(again.outcome == Outcome::done && again.data.substr(1) == input, "a message survives compression");
}

}  // namespace

/// The input is a compressed message, and one to be compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Deflater small(9);
  static Deflater large(15);
  const auto input = hawser::fuzz::text_of(data, size);
  check_inflated(input);
  check_round_trip(small, input);
  check_round_trip(large, input);
  return 0;
}
