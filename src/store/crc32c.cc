#include "store/crc32c.h"

#include <array>

namespace hawser::store {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82f63b78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t index = 0; index < table.size(); ++index) {
    std::uint32_t value = index;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? kReversedPolynomial : 0U);
    table[index] = value;
  }
  return table;
}

constexpr auto kTable = make_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t value = 0xffffffff;
  for (const char byte : bytes)
    value = (value >> 8U) ^ kTable[(value ^ static_cast<std::uint8_t>(byte)) & 0xffU];
  return ~value;
}

}  // namespace hawser::store
