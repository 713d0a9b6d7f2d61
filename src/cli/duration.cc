#include "cli/duration.h"

#include <charconv>

namespace hawser::cli {

std::optional<Millis> parse_duration(std::string_view text) {
  constexpr std::int64_t kLargest = 1'000'000;  // 2,700 years of days; keeps the product small.
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  switch (text.back()) {
    case 's': seconds = 1; break;
    case 'm': seconds = 60; break;
    case 'h': seconds = 3600; break;
    case 'd': seconds = 86'400; break;
    default: return std::nullopt;
  }
  text.remove_suffix(1);
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count <= 0 || count > kLargest)
    return std::nullopt;
  return std::chrono::seconds(count * seconds);
}

}  // namespace hawser::cli
