#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "test/fuzz/check.h"

namespace hawser::fuzz {

/// Reads the fuzzer's bytes as a list of choices, front to back. When they have run out every choice is zero
/// and every text empty, so that each input is a whole scenario.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : rest_(text_of(data, size)) {}

  bool at_end() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  /// One of 0, 1, … count - 1.
  std::size_t below(std::size_t count) { return byte() % count; }
  bool flag() { return (byte() & 1U) != 0; }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8U | byte();
    return value;
  }

  /// A text with its length in front: a byte, or 255 and two bytes.
  std::string_view text() {
    std::size_t size = byte();
    if (size == 255) size = static_cast<std::size_t>(number(2));
    return take(size);
  }
  std::string_view take(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  /// Everything that is left.
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

/// Cuts a text into pieces whose sizes are choices; without any more choices the rest is one piece.
class Cutter {
 public:
  Cutter(std::string_view text, Choices sizes) : rest_(text), sizes_(sizes) {}

  bool done() const { return rest_.empty(); }
  std::string_view next() {
    const std::size_t size = sizes_.at_end() ? rest_.size() : 1U + sizes_.byte() % 64U;
    const auto piece = rest_.substr(0, size);
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
  Choices sizes_;
};

}  // namespace hawser::fuzz
