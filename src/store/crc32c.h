#pragma once

#include <cstdint>
#include <string_view>

namespace hawser::store {

/// CRC-32C (Castagnoli), the checksum of RocksDB's log records.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace hawser::store
