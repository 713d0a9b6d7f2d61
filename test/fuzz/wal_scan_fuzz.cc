#include "store/wal_scan.h"

#include <string>
#include <vector>

#include "store/crc32c.h"
#include "test/fuzz/choices.h"

namespace {

using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::store::WalScan;

constexpr char kFull = 1;
constexpr char kFirst = 2;
constexpr char kMiddle = 3;
constexpr char kLast = 4;

WalScan scan(std::string_view file) {
  WalScan scan;
  for (std::size_t at = 0; at < file.size(); at += WalScan::kBlockSize) {
    scan.block(file.substr(at, WalScan::kBlockSize));
  }
  scan.finish();
  return scan;
}

void append_record(std::string& file, char type, std::string_view data) {
  const auto crc = hawser::store::crc32c(type + std::string(data));
  const auto masked = ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
  for (unsigned shift = 0; shift < 32; shift += 8) file += static_cast<char>(masked >> shift);
  file += static_cast<char>(data.size());
  file += static_cast<char>(data.size() >> 8U);
  file += type;
  file += data;
}

struct Log {
  std::string bytes;
  std::vector<std::size_t> ends;  ///< of the writes
};

/// A sound log: writes of one or more records, as RocksDB writes them.
Log sound_log(Choices& choices) {
  Log log;
  const auto writes = choices.below(6);
  for (std::size_t i = 0; i < writes; ++i) {
    const auto parts = 1 + choices.below(3);
    for (std::size_t part = 0; part < parts; ++part) {
      const char type = parts == 1 ? kFull : part == 0 ? kFirst : part + 1 == parts ? kLast : kMiddle;
      append_record(log.bytes, type, choices.text().substr(0, 200));
    }
    log.ends.push_back(log.bytes.size());
  }
  return log;
}

/// End of the last write that is whole in the first `size` bytes.
std::size_t last_end(const Log& log, std::size_t size) {
  std::size_t end = 0;
  for (const auto next : log.ends) end = next <= size ? next : end;
  return end;
}

void check_result(const WalScan& result, std::size_t size) {
  check(result.valid_end() <= size && result.damage().value_or(0) <= size, "places are inside the file");
  check(!result.damage() || *result.damage() >= result.valid_end(), "damage lies behind what is valid");
  check(!result.later_write() || (result.damage() && *result.later_write() >= *result.damage()),
        "a later write is behind the damage");
}

void check_cut(const Log& log, std::size_t size) {
  const auto result = scan(std::string_view(log.bytes).substr(0, size));
  check_result(result, size);
  const auto end = last_end(log, size);
  check(result.valid_end() == end && result.damage().has_value() == (size > end), "a torn tail is found");
}

/// A checksum of 32 bits finds every change of one byte.
void check_damage(Log log, std::size_t at, char change) {
  if (log.bytes.empty() || change == 0) return;
  at %= log.bytes.size();
  log.bytes[at] = static_cast<char>(log.bytes[at] ^ change);
  const auto result = scan(log.bytes);
  check_result(result, log.bytes.size());
  check(result.damage() && *result.damage() <= at && result.valid_end() == last_end(log, at),
        "damage is found");
}

}  // namespace

/// Sound logs cut and damaged, and bytes that are no log.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  if (choices.flag()) {
    const auto bytes = choices.rest().substr(0, 512);
    check_result(scan(bytes), bytes.size());
    return 0;
  }
  const auto cut = choices.number(2);
  const auto change = static_cast<char>(choices.byte());
  const auto log = sound_log(choices);
  check_cut(log, log.bytes.size());
  check_cut(log, cut % (log.bytes.size() + 1));
  check_damage(log, cut, change);
  return 0;
}
