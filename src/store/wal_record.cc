#include "store/wal_record.h"

#include <utility>

#include "store/crc32c.h"

namespace hawser::store {
namespace {

struct Header {
  std::uint32_t masked_crc = 0;
  std::size_t size = 0;  ///< of the record, header included
  std::uint8_t type = 0;
};

std::uint32_t octet(std::string_view bytes, std::size_t index) {
  return static_cast<std::uint8_t>(bytes[index]);
}

Header read_header(std::string_view bytes) {
  Header header;
  header.masked_crc =
      octet(bytes, 0) | octet(bytes, 1) << 8U | octet(bytes, 2) << 16U | octet(bytes, 3) << 24U;
  header.size = kWalHeaderSize + (octet(bytes, 4) | octet(bytes, 5) << 8U);
  header.type = static_cast<std::uint8_t>(bytes[6]);
  return header;
}

/// The checksum as the log stores it: rotated and shifted, so that logs inside logs are told apart.
std::uint32_t mask(std::uint32_t crc) {
  return ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
}

/// The part of a log that a record at `at` can use: the rest of its block.
std::string_view rest_of_block(std::string_view log, std::size_t at) {
  return log.substr(at, kWalBlockSize - at % kWalBlockSize);
}

}  // namespace

std::optional<WalRecord> sound_record(std::string_view bytes) {
  if (bytes.size() < kWalHeaderSize) return std::nullopt;
  const auto header = read_header(bytes);
  if (header.type == 0 || header.size > bytes.size()) return std::nullopt;
  // The checksum covers the type and the data.
  if (mask(crc32c(bytes.substr(6, header.size - 6))) != header.masked_crc) return std::nullopt;
  return WalRecord{.type = header.type,
                   .size = header.size,
                   .data = bytes.substr(kWalHeaderSize, header.size - kWalHeaderSize)};
}

std::optional<WalRecord> sound_beginning(std::string_view bytes) {
  if (bytes.size() < kWalHeaderSize) return std::nullopt;
  const WalRecord looks{.type = read_header(bytes).type, .size = 0, .data = {}};
  if (!looks.begins_write()) return std::nullopt;
  return sound_record(bytes);
}

std::uint64_t for_each_write(std::string_view log, std::uint64_t from,
                             const std::function<void(std::string)>& on_write) {
  std::uint64_t unused = 0;
  std::optional<std::string> write;  // One that has begun.
  for (auto at = from; at < log.size();) {
    const auto rest = rest_of_block(log, at);
    if (rest.size() < kWalHeaderSize) {
      at += rest.size();
      continue;
    }
    const auto record = write ? sound_record(rest) : sound_beginning(rest);
    if (!record || record->begins_write() == write.has_value()) {
      unused += write ? write->size() : 1;
      if (!write) ++at;  // Else the same place is tried as a beginning.
      write.reset();
      continue;
    }
    write = write.value_or(std::string()).append(record->data);
    at += record->size;
    if (record->is(WalRecordType::full) || record->is(WalRecordType::last)) {
      on_write(*std::exchange(write, std::nullopt));
    }
  }
  return unused + (write ? write->size() : 0);
}

}  // namespace hawser::store
