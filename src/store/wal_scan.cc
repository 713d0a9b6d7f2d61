#include "store/wal_scan.h"

namespace hawser::store {

void WalScan::block(std::string_view bytes) {
  std::size_t at = 0;
  while (!damage_ && bytes.size() - at >= kWalHeaderSize) {
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
  const auto found = sound_record(rest);
  if (!found) {
    damaged_at(offset);
    return 0;
  }
  if (!found->is_known()) {
    unknown_type_ = unknown_type_.value_or(offset);
    return found->size;
  }
  const bool begins = found->begins_write();
  if (begins == inside_write_) {  // A write without its end, or an end without its beginning.
    damaged_at(begins ? valid_end_ : offset);
    return 0;
  }
  has_writes_ = has_writes_ || begins;
  inside_write_ = found->is(WalRecordType::first) || found->is(WalRecordType::middle);
  if (!inside_write_) valid_end_ = offset + found->size;
  return found->size;
}

void WalScan::search(std::string_view rest, std::uint64_t offset) {
  // Lengths cannot be trusted behind damage, so every place is tried.
  for (std::size_t at = 0; !later_write_ && rest.size() - at >= kWalHeaderSize; ++at) {
    if (sound_beginning(rest.substr(at))) {
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
