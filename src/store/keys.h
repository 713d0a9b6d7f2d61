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
///   job    id                              -> JobRecord, or the Tombstone of a deleted job
///   input  id                              -> the job's input, JSON
///   ev     id | sequence                   -> event
///   idx    'A' owner | id                  -> ""        an active job of the owner
///          'F' owner | state | last position | id -> "" an ended job, by the position of its last event
///          'T' state | time of its end | id -> ""       an ended job, of whatever owner
///          'I' owner | idempotency key     -> id
///          'P' owner                       -> OwnerAccount: last position, and what ended jobs take
///          'X' time of its deletion | id   -> ""        a tombstone
///          'Z'                             -> the number of tombstones
///   meta   (RocksDB's default family)      -> names and values of the store itself
///
/// Owners are written with their length in front, so that none is a prefix of another. Numbers are eight
/// bytes, big-endian; times are such numbers too. All of `idx` can be made anew from the records
/// (index_rebuild.h). A queue needs no index: it is made from the active jobs when the store opens.
namespace hawser::store::keys {

inline constexpr std::size_t kIdBytes = 16;

std::string job(const JobId& id);
std::string event(const JobId& id, std::uint64_t sequence);

std::string active_jobs(std::string_view owner);  ///< prefix of all 'A' of the owner
std::string all_active_jobs();                    ///< prefix of all 'A'
/// Prefix of all 'F' of the owner in that state.
std::string ended_jobs(std::string_view owner, job::JobState state);
std::string ended_job(std::string_view owner, job::JobState state, std::uint64_t last_position,
                      const JobId& id);
std::string by_end(job::JobState state);  ///< prefix of all 'T' of the state
std::string by_end(job::JobState state, WallMillis ended_at, const JobId& id);
std::string idempotency(std::string_view owner, std::string_view key);
std::string owner_head(std::string_view owner);
std::string all_owner_heads();             ///< prefix of all 'P'
bool is_owner_head(std::string_view key);  ///< 'P'
/// The owner of a 'P'.
std::string_view owner_of_head(std::string_view key);
std::string tombstones();  ///< prefix of all 'X'
std::string tombstone(WallMillis deleted_at, const JobId& id);
std::string tombstone_count();
/// Prefix of what earlier releases wrote instead of 'F' and 'T'.
std::string first_ended_jobs();

/// The one 'A' or 'F' entry that a job has.
std::string stream_entry(const job::JobRecord& record);

/// All entries that follow the record's state: the one above, and 'T' of an ended job.
std::vector<std::string> entries(const job::JobRecord& record);

/// The id that ends an 'A', 'F', 'T' or 'X' key or is the value of an 'I'; nothing when it is too short.
std::optional<JobId> trailing_id(std::string_view bytes);
/// The sequence of an `ev` key.
std::optional<std::uint64_t> event_sequence(std::string_view key);

/// The smallest key that is greater than every key beginning with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace hawser::store::keys
