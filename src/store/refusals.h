#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"
#include "job/job_store.h"

/// The refusals that stores decide themselves, in one wording.
namespace hawser::store {

Error too_many_jobs(std::size_t limit);
Error too_many_starts(std::size_t per_minute, Millis wait);
Error idempotency_conflict();
Error id_in_use(const JobId& id);
/// Purge of a job that may still run.
Error not_ended(const JobId& id);
Error storage_full();
Error overloaded();
Error shutting_down();
/// A cursor that is no position of this log.
Error bad_sequence(std::uint64_t after, std::uint64_t head);
Error reset();

/// The answer to a start with the key of a job that was deleted; nothing once the key is free again.
Result<std::optional<job::Reply>> repeat_deleted_start(const job::Tombstone& first, const job::Start& command,
                                                       WallMillis now);
/// The answer to a purge of a job that is deleted.
job::Reply reply_to_purge(const job::Tombstone& tombstone, bool duplicate);

}  // namespace hawser::store
