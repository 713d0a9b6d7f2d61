#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

/// Identifies a job: 128 bits, the first 48 of them the creation time in milliseconds (big-endian), the
/// rest random, so that ids are unguessable and neighbours in time are neighbours in the store
/// (layout of RFC 9562, UUID version 7). Printed as `job_` and 32 hexadecimal digits.
struct JobId {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const JobId&) const = default;

  /// `random` supplies 10 bytes of which the version and variant bits are overwritten.
  static JobId make(std::int64_t wall_ms, const std::array<std::uint8_t, 10>& random);
  /// Accepts only the printed form, in lower case.
  static std::optional<JobId> parse(std::string_view text);
  std::string to_string() const;
};

}  // namespace hawser

template <>
struct std::hash<hawser::JobId> {
  std::size_t operator()(const hawser::JobId& id) const noexcept {
    std::size_t value = 0;  // The last eight bytes are random enough to be their own hash.
    std::memcpy(&value, id.bytes.data() + 8, sizeof(value));
    return value;
  }
};
