#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/id.h"
#include "base/time.h"
#include "job/state.h"

namespace hawser::job {

/// What the store keeps of a job beside its log and its input. Small: it is rewritten by every commit
/// that touches the job.
struct JobRecord {
  JobId id;
  std::shared_ptr<const std::string> owner;
  std::shared_ptr<const std::string> type;
  JobState state = JobState::created;
  /// Waits for a worker: just created, explicitly resumed, or its lease was lost or given back.
  bool queued = false;
  /// Who holds the lease; empty when nobody does.
  std::string holder;
  /// How long the holder may be silent; zero for one that lives and dies with the store's process.
  Millis lease{0};
  /// Among the queued jobs of the same owner and type, -kMaxPriority to kMaxPriority; higher ones run first.
  std::int32_t priority = 0;
  /// It waits `delay`, until `not_before`: the clock of the wall can only make that shorter.
  WallMillis not_before = 0;
  Millis delay{0};
  /// Fencing number, +1 at every claim, every cancel and every lost lease. A write of a lower epoch is
  /// refused.
  std::uint64_t epoch = 0;
  /// Epoch of the newest run that began; a holder whose epoch is above it has not begun yet.
  std::uint64_t run_epoch = 0;
  /// Runs begun so far (job:started or job:resumed was written for each).
  std::uint32_t attempt = 0;
  /// Runs since the last chunk was written that were not given back; bounds jobs that kill their worker.
  std::uint32_t fruitless_attempts = 0;
  /// Retryable failures since the job was started or explicitly resumed.
  std::uint32_t failures = 0;
  /// Why the last run that did not succeed ended, {"error","code"}; empty when there is none, or when what a
  /// worker said is over limits::kMaxKeptError.
  std::string last_error;

  std::uint64_t last_sequence = 0;
  std::uint64_t last_position = 0;
  std::uint64_t first_position = 0;  ///< position of sequence 1; 0 before it
  std::uint64_t log_bytes = 0;       ///< payload bytes of all events

  /// Chunks that stand, that is: not withdrawn by a job:resumed.
  std::uint64_t chunk_count = 0;
  std::uint64_t output_bytes = 0;

  std::uint64_t checkpoint_sequence = 0;  ///< of the newest standing checkpoint; 0 when there is none
  std::uint64_t checkpoint_chunk_count = 0;
  std::uint64_t checkpoint_output_bytes = 0;

  std::uint64_t producer_sequence = 0;  ///< last one accepted in this epoch

  WallMillis created_at = 0;
  WallMillis started_at = 0;         ///< first start; a resume does not move it
  WallMillis series_started_at = 0;  ///< first run since the start or the last explicit resume
  WallMillis ended_at = 0;

  std::string idempotency_key;  ///< empty when none was given
};

/// Unfinished, or a failed job that waits to run again: counts against its owner's limit.
inline bool is_active(const JobRecord& record) {
  return !has_ended(record.state) || record.queued || !record.holder.empty();
}

}  // namespace hawser::job
