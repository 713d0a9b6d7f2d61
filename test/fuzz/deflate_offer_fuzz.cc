#include "net/deflate_offer.h"

#include "test/fuzz/check.h"

/// What we answer to the offers of a client is itself an offer that gets the same answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using hawser::fuzz::check;
  const auto terms = hawser::net::choose_deflate(hawser::fuzz::text_of(data, size));
  if (!terms) return 0;
  check(terms->window_bits() >= 9 && terms->window_bits() <= 15, "a window is one that zlib can do");
  const auto answer = to_header(*terms);
  const auto again = hawser::net::choose_deflate(answer);
  check(again && to_header(*again) == answer, "an answer stays the same");
  return 0;
}
