#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "job/record.h"

/// Keys of the RocksDB store (storage.md 6). Column families and what their keys hold:
///
///   job    id                              -> JobRecord
///   input  id                              -> the job's input, JSON
///   ev     id | sequence                   -> event
///   idx    'A' owner | id                  -> ""        an active job of the owner
///          'E' owner | last position | id  -> ""        an ended job, by the position of its last event
///          'I' owner | idempotency key     -> id
///          'P' owner                       -> the owner's last position
///   meta   (RocksDB's default family)      -> names and values of the store itself
///
/// Owners are written with their length in front, so that none is a prefix of another. Numbers are eight
/// bytes, big-endian. All of `idx` can be made anew from the records (index_rebuild.h). A queue needs no
/// index: it is made from the active jobs when the store opens.
namespace hawser::store::keys {

inline constexpr std::size_t kIdBytes = 16;

std::string job(const JobId& id);
std::string event(const JobId& id, std::uint64_t sequence);

std::string active_jobs(std::string_view owner);  ///< prefix of all 'A' of the owner
std::string all_active_jobs();                    ///< prefix of all 'A'
std::string ended_jobs(std::string_view owner);   ///< prefix of all 'E' of the owner
std::string ended_job(std::string_view owner, std::uint64_t last_position, const JobId& id);
std::string idempotency(std::string_view owner, std::string_view key);
std::string owner_head(std::string_view owner);
bool is_owner_head(std::string_view key);  ///< 'P'

/// The one 'A' or 'E' entry that a job has.
std::string stream_entry(const job::JobRecord& record);

/// The id that ends an 'A' or 'E' key or is the value of an 'I'; nothing when it is too short.
std::optional<JobId> trailing_id(std::string_view bytes);
/// The sequence of an `ev` key.
std::optional<std::uint64_t> event_sequence(std::string_view key);

/// The smallest key that is greater than every key beginning with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace hawser::store::keys
