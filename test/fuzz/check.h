#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <source_location>
#include <string_view>

/// What fuzz targets state about the code they feed.
namespace hawser::fuzz {

/// A property that does not hold ends the process: libFuzzer then keeps the input, the corpus test fails.
inline void check(bool holds, const char* property,
                  const std::source_location& where = std::source_location::current()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: does not hold: %s\n", where.file_name(), static_cast<unsigned>(where.line()),
               property);
  std::abort();
}

/// The fuzzer's bytes as they are: no terminator behind them, so that AddressSanitizer sees every read too
/// far.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Whether a view points into the text it was cut from.
inline bool lies_within(std::string_view part, std::string_view whole) {
  const std::less_equal<> before;
  return part.empty() || (before(whole.data(), part.data()) &&
                          before(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace hawser::fuzz
