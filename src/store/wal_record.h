#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"

/// The format of RocksDB's write-ahead logs: blocks of 32 KiB; in them physical records of [masked CRC-32C,
/// 4] [length, 2][type, 1][data], little-endian, none across a block's end, fewer than seven bytes at its end
/// are padding. One write is one FULL record, or FIRST, MIDDLE…, LAST.
namespace hawser::store {

inline constexpr std::size_t kWalBlockSize = 32 * limits::kKiB;
inline constexpr std::size_t kWalHeaderSize = 7;

enum class WalRecordType : std::uint8_t { zero = 0, full = 1, first = 2, middle = 3, last = 4 };

/// One sound physical record.
struct WalRecord {
  std::uint8_t type = 0;  ///< a WalRecordType, or one that this release does not know
  std::size_t size = 0;   ///< header included
  std::string_view data;

  bool is(WalRecordType wanted) const { return type == static_cast<std::uint8_t>(wanted); }
  bool is_known() const { return type <= static_cast<std::uint8_t>(WalRecordType::last); }
  bool begins_write() const { return is(WalRecordType::full) || is(WalRecordType::first); }
};

/// The record at the beginning of `bytes`, the rest of a block; nothing when its checksum is wrong.
std::optional<WalRecord> sound_record(std::string_view bytes);
/// As above, but only when it begins a write; cheap for bytes that are no record.
std::optional<WalRecord> sound_beginning(std::string_view bytes);

/// Calls `on_write` with the bytes of each whole write that begins at or behind `from` in the bytes of a log;
/// damage is stepped over. Returns how many bytes belong to none.
std::uint64_t for_each_write(std::string_view log, std::uint64_t from,
                             const std::function<void(std::string)>& on_write);

}  // namespace hawser::store
