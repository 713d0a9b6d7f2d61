#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/limits.h"
#include "base/time.h"
#include "job/record.h"

namespace hawser::job {

/// The states in which a job may be deleted, in the order of JobState.
inline constexpr std::array kEndedStates = {JobState::completed, JobState::failed, JobState::cancelled};
/// Its place in kEndedStates.
constexpr std::size_t ended_index(JobState state) {
  return static_cast<std::size_t>(state) - static_cast<std::size_t>(JobState::completed);
}

/// When ended jobs are deleted, the oldest first. Set by the operator. Zero: no such bound.
struct Retention {
  struct Bounds {
    Millis max_age{0};          ///< since the job ended
    std::size_t max_count = 0;  ///< of one user
  };
  /// By ended_index.
  std::array<Bounds, kEndedStates.size()> bounds = {
      {{limits::kDefaultKeepEnded}, {limits::kDefaultKeepFailed}, {limits::kDefaultKeepEnded}}};
  /// What the logs of one user's ended jobs may take.
  std::uint64_t max_bytes = 0;

  /// Tests make them small.
  Millis tombstone_age = limits::kTombstoneAge;
  std::size_t max_tombstones = limits::kMaxTombstones;

  const Bounds& of(JobState state) const { return bounds[ended_index(state)]; }
};

/// What the ended jobs of one owner take.
struct EndedTotals {
  std::array<std::uint64_t, kEndedStates.size()> jobs{};  ///< by ended_index
  std::uint64_t bytes = 0;                                ///< of their logs

  void add(const JobRecord& record) {
    ++jobs[ended_index(record.state)];
    bytes += record.log_bytes;
  }
  void remove(const JobRecord& record) {
    auto& count = jobs[ended_index(record.state)];
    count -= std::min<std::uint64_t>(count, 1);
    bytes -= std::min(bytes, record.log_bytes);
  }
  bool operator==(const EndedTotals&) const = default;
};

/// What stays of a deleted job for a while, so that its owner is told, and its idempotency key is not used
/// again too soon.
struct Tombstone {
  JobId id;
  std::string owner;
  std::string type;
  JobState state = JobState::completed;
  std::uint64_t last_sequence = 0;
  std::uint64_t last_position = 0;
  WallMillis created_at = 0;
  WallMillis deleted_at = 0;
  std::string idempotency_key;
  std::uint64_t input_hash = 0;  ///< to tell a repeated start from a conflicting one
};

/// Without its `input_hash`.
Tombstone make_tombstone(const JobRecord& record, WallMillis now);
/// Of a job's input. The owner could only deceive itself with a collision.
std::uint64_t hash_of_input(std::string_view input);
/// A start with the key answers the deleted job.
bool holds_its_key(const Tombstone& tombstone, WallMillis now);

}  // namespace hawser::job
