#include "net/deflate_offer.h"

#include <cstdint>
#include <cstdlib>

/// What we answer is itself an offer that gets the same answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto terms = hawser::net::choose_deflate({reinterpret_cast<const char*>(data), size});
  if (!terms) return 0;
  if (terms->window_bits() < 9 || terms->window_bits() > 15) std::abort();
  const auto answer = to_header(*terms);
  const auto again = hawser::net::choose_deflate(answer);
  if (!again || to_header(*again) != answer) std::abort();
  return 0;
}
