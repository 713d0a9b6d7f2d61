#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "job/retention.h"
#include "store/database.h"

namespace hawser::store {

/// What the index knows of an owner ('P').
struct OwnerAccount {
  std::uint64_t head = 0;   ///< last position given out
  std::uint64_t floor = 0;  ///< last position of the deleted jobs: what is above it is all there
  job::EndedTotals ended;
  /// By ended_index: no ended job of the state has its last event below this position. It keeps a search for
  /// the oldest one from stepping over all those that were deleted before.
  std::array<std::uint64_t, job::kEndedStates.size()> oldest{};

  bool operator==(const OwnerAccount&) const = default;
};

std::string encode_account(const OwnerAccount& account);
/// Reads those of the first schema version too, which hold the head alone.
std::optional<OwnerAccount> decode_account(std::string_view bytes);

/// All zero for an unknown owner. Errors: damaged.
Result<OwnerAccount> load_account(const Database& database, std::string_view owner,
                                  const rocksdb::Snapshot* snapshot = nullptr);

}  // namespace hawser::store
