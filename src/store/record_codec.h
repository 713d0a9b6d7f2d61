#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "job/event.h"
#include "job/record.h"
#include "job/retention.h"

/// Values of the RocksDB store. Each begins with its format, so that a later release can read what an
/// earlier one wrote. Decoding gives nothing for bytes that no release of ours has written.
namespace hawser::store {

std::string encode_record(const job::JobRecord& record);
std::optional<job::JobRecord> decode_record(std::string_view bytes);

/// Stands in the place of the record. A record is no tombstone, and the other way round.
std::string encode_tombstone(const job::Tombstone& tombstone);
std::optional<job::Tombstone> decode_tombstone(std::string_view bytes);
bool is_tombstone(std::string_view bytes);

/// What the log holds of an event. The rest is in its key and in the record of its job.
struct LoggedEvent {
  job::EventKind kind = job::EventKind::chunk;
  bool truncated = false;  ///< Event::partial_output_truncated
  std::uint32_t attempt = 0;
  std::uint64_t position = 0;
  WallMillis timestamp = 0;
  std::string_view payload;  ///< points into the bytes that were decoded
};

/// Times are stored as the distance from `created_at` of the job.
std::string encode_event(const job::Event& event, WallMillis created_at);
std::optional<LoggedEvent> decode_event(std::string_view bytes, WallMillis created_at);

/// The event as the store read it: `complete` is false where a read has to fill in parts.
job::Event to_event(const LoggedEvent& logged, const job::JobRecord& record, std::uint64_t sequence);

}  // namespace hawser::store
