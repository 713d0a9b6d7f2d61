#include <array>

#include "base/loop.h"

namespace hawser {

std::string Random::token(std::size_t size) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bytes(size, '\0');
  fill(bytes.data(), bytes.size());
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += kAlphabet[(bits >> count) & 0x3fU];
    }
  }
  if (count > 0) out += kAlphabet[(bits << (6 - count)) & 0x3fU];
  return out;
}

}  // namespace hawser
