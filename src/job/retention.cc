#include "job/retention.h"

#include <chrono>

namespace hawser::job {

Tombstone make_tombstone(const JobRecord& record, WallMillis now) {
  return {.id = record.id,
          .owner = *record.owner,
          .type = *record.type,
          .state = record.state,
          .last_sequence = record.last_sequence,
          .last_position = record.last_position,
          .created_at = record.created_at,
          .deleted_at = now,
          .idempotency_key = record.idempotency_key,
          .input_hash = 0};
}

/// FNV-1a: the value is stored, so it must not change from release to release as std::hash may.
std::uint64_t hash_of_input(std::string_view input) {
  constexpr std::uint64_t kOffset = 14'695'981'039'346'656'037U;
  constexpr std::uint64_t kPrime = 1'099'511'628'211U;
  std::uint64_t hash = kOffset;
  for (const char c : input) hash = (hash ^ static_cast<std::uint8_t>(c)) * kPrime;
  return hash;
}

bool holds_its_key(const Tombstone& tombstone, WallMillis now) {
  return !tombstone.idempotency_key.empty() &&
         now - tombstone.created_at < Millis(limits::kIdempotencyMinAge).count();
}

}  // namespace hawser::job
