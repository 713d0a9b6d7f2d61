#include "base/big_endian.h"

namespace hawser {

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes.substr(0, 8)) value = (value << 8U) | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace hawser
