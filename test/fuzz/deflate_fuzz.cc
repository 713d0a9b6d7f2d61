#include "net/deflate.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

constexpr std::size_t kMaxMessage = 64 * 1024;

}  // namespace

/// Arbitrary bytes inflate to no more than the limit, a limit changes nothing but whether it is reached, and
/// what was deflated inflates to itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using Outcome = hawser::net::Inflater::Outcome;
  static hawser::net::Inflater inflater;
  static hawser::net::Deflater small(9);
  static hawser::net::Deflater large(15);
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  const auto inflated = inflater.inflate(input, kMaxMessage);
  if (inflated.data.size() > kMaxMessage) std::abort();
  if (inflated.outcome == Outcome::done) {
    const std::string whole(inflated.data);
    if (inflater.inflate(input, whole.size()).data != whole) std::abort();
    if (!whole.empty() && inflater.inflate(input, whole.size() - 1).outcome != Outcome::too_big) std::abort();
  }

  for (auto* deflater : {&small, &large}) {
    const auto deflated = deflater->deflate("4", input);
    if (!deflated) continue;
    const auto again = inflater.inflate(*deflated, input.size() + 1);
    if (again.outcome != Outcome::done || again.data.substr(1) != input) std::abort();
  }
  return 0;
}
