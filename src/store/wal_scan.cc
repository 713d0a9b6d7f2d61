#include "store/wal_scan.h"

#include <algorithm>

#include "store/crc32c.h"

namespace hawser::store {
namespace {

constexpr std::size_t kHeaderSize = 7;

enum RecordType : std::uint8_t { kZero = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Header {
  std::uint32_t masked_crc = 0;
  std::size_t size = 0;  ///< of the record, header included
  std::uint8_t type = kZero;
};

std::uint32_t octet(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

Header read_header(std::string_view bytes) {
  Header header;
  header.masked_crc =
      octet(bytes, 0) | octet(bytes, 1) << 8U | octet(bytes, 2) << 16U | octet(bytes, 3) << 24U;
  header.size = kHeaderSize + (octet(bytes, 4) | octet(bytes, 5) << 8U);
  header.type = static_cast<std::uint8_t>(bytes[6]);
  return header;
}

/// The checksum as the log stores it: rotated and shifted, so that logs inside logs are told apart.
std::uint32_t mask(std::uint32_t crc) {
  return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

bool is_sound(std::string_view bytes, const Header& header) {
  if (header.type == kZero || header.size > bytes.size()) return false;
  // The checksum covers the type and the data.
  return mask(crc32c(bytes.substr(6, header.size - 6))) == header.masked_crc;
}

bool begins_write(std::uint8_t type) {
  return type == kFull || type == kFirst;
}

}  // namespace

void WalScan::block(std::string_view bytes) {
  std::size_t at = 0;
  while (!damage_ && bytes.size() - at >= kHeaderSize) {
    const auto size = record(bytes.substr(at), block_start_ + at);
    if (size == 0) break;
    at += size;
  }
  const bool cut_off = bytes.size() < kBlockSize && bytes.size() - at > 0;
  if (!damage_ && cut_off) damaged_at(block_start_ + at);
  if (damage_) search(bytes.substr(at), block_start_ + at);
  block_start_ += bytes.size();
}

std::size_t WalScan::record(std::string_view rest, std::uint64_t offset) {
  const auto header = read_header(rest);
  if (!is_sound(rest, header)) {
    damaged_at(offset);
    return 0;
  }
  if (header.type > kLast) {
    unknown_type_ = unknown_type_.value_or(offset);
    return header.size;
  }
  const bool begins = begins_write(header.type);
  if (begins == inside_write_) {  // A write without its end, or an end without its beginning.
    damaged_at(begins ? valid_end_ : offset);
    return 0;
  }
  has_writes_ = has_writes_ || begins;
  inside_write_ = header.type == kFirst || header.type == kMiddle;
  if (!inside_write_) valid_end_ = offset + header.size;
  return header.size;
}

void WalScan::search(std::string_view rest, std::uint64_t offset) {
  // Lengths cannot be trusted behind damage, so every place is tried.
  for (std::size_t at = 0; !later_write_ && rest.size() - at >= kHeaderSize; ++at) {
    const auto header = read_header(rest.substr(at));
    if (begins_write(header.type) && is_sound(rest.substr(at), header)) {
      later_write_ = offset + at;
      has_writes_ = true;
    }
  }
}

void WalScan::damaged_at(std::uint64_t offset) {
  damage_ = damage_.value_or(offset);
}

void WalScan::finish() {
  if (inside_write_ && !damage_) damaged_at(valid_end_);
}

}  // namespace hawser::store
