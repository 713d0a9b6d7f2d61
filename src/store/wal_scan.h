#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/wal_record.h"

namespace hawser::store {

/// Reads the bytes of one RocksDB write-ahead log and tells a torn tail from damage (docs/decisions/0001).
/// Feed the file block by block; sans-I/O.
class WalScan {
 public:
  static constexpr std::size_t kBlockSize = kWalBlockSize;

  /// The next block: kBlockSize bytes, fewer only at the end of the file.
  void block(std::string_view bytes);
  /// The file has ended.
  void finish();

  /// End of the last whole write in front of any damage.
  std::uint64_t valid_end() const { return valid_end_; }
  /// Where the first byte stands that belongs to no whole write; nothing when the file is sound.
  std::optional<std::uint64_t> damage() const { return damage_; }
  /// A sound record behind the damage that begins another write: so what is damaged had been acknowledged.
  std::optional<std::uint64_t> later_write() const { return later_write_; }
  /// The file holds at least one sound record that begins a write.
  bool has_writes() const { return has_writes_; }
  /// A sound record of a type that this release does not know.
  std::optional<std::uint64_t> unknown_type() const { return unknown_type_; }

 private:
  /// Returns the record's size, or 0 when the rest of the block makes no sense.
  std::size_t record(std::string_view rest, std::uint64_t offset);
  void search(std::string_view rest, std::uint64_t offset);
  void damaged_at(std::uint64_t offset);

  std::uint64_t block_start_ = 0;
  std::uint64_t valid_end_ = 0;
  bool inside_write_ = false;
  bool has_writes_ = false;
  std::optional<std::uint64_t> damage_;
  std::optional<std::uint64_t> later_write_;
  std::optional<std::uint64_t> unknown_type_;
};

}  // namespace hawser::store
