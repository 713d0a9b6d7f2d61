#include "base/id.h"

namespace hawser {
namespace {

constexpr std::string_view kPrefix = "job_";
constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

JobId JobId::make(std::int64_t wall_ms, const std::array<std::uint8_t, 10>& random) {
  JobId id;
  for (int i = 0; i < 6; ++i) {
    id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(wall_ms >> (8 * (5 - i)));
  }
  std::memcpy(id.bytes.data() + 6, random.data(), random.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x70U);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
  return id;
}

std::optional<JobId> JobId::parse(std::string_view text) {
  if (text.size() != kPrefix.size() + 32 || !text.starts_with(kPrefix)) return std::nullopt;
  JobId id;
  for (std::size_t i = 0; i < 32; ++i) {
    const auto digit = kDigits.find(text[kPrefix.size() + i]);
    if (digit == std::string_view::npos) return std::nullopt;
    auto& byte = id.bytes[i / 2];
    byte = static_cast<std::uint8_t>((byte << 4U) | digit);
  }
  return id;
}

std::string JobId::to_string() const {
  std::string text(kPrefix);
  text.reserve(kPrefix.size() + 32);
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0x0fU];
  }
  return text;
}

}  // namespace hawser
