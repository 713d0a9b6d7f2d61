#include "store/codec.h"

#include <limits>

namespace hawser::store {
namespace {

constexpr unsigned kPayloadBits = 7;
constexpr std::uint8_t kMore = 0x80;

}  // namespace

FieldWriter& FieldWriter::byte(std::uint8_t value) {
  out_ += static_cast<char>(value);
  return *this;
}

FieldWriter& FieldWriter::number(std::uint64_t value) {
  for (; value >= kMore; value >>= kPayloadBits) byte(static_cast<std::uint8_t>(value | kMore));
  return byte(static_cast<std::uint8_t>(value));
}

FieldWriter& FieldWriter::signed_number(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return number((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

FieldWriter& FieldWriter::text(std::string_view value) {
  number(value.size());
  return rest(value);
}

FieldWriter& FieldWriter::rest(std::string_view value) {
  out_ += value;
  return *this;
}

std::uint8_t FieldReader::byte() {
  if (rest_.empty()) {
    fail();
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return value;
}

std::uint64_t FieldReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += kPayloadBits) {
    const auto next = byte();
    if (!ok_) return 0;
    const std::uint64_t bits = next & (kMore - 1U);
    const bool is_last = (next & kMore) == 0;
    // We never write leading zeros, nor more bits than there are.
    if ((is_last && bits == 0 && shift > 0) || (bits << shift) >> shift != bits) break;
    value |= bits << shift;
    if (is_last) return value;
  }
  fail();
  return 0;
}

std::uint32_t FieldReader::short_number() {
  const auto value = number();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    fail();
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

std::int64_t FieldReader::signed_number() {
  const auto value = number();
  return static_cast<std::int64_t>((value >> 1U) ^ ((value & 1U) != 0 ? ~std::uint64_t{0} : 0));
}

std::string_view FieldReader::text() {
  const auto size = number();
  if (!ok_ || size > rest_.size()) {
    fail();
    return {};
  }
  const auto value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

void FieldReader::fail() {
  ok_ = false;
  rest_ = {};
}

}  // namespace hawser::store
