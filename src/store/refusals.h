#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"

/// The refusals that stores decide themselves, in one wording.
namespace hawser::store {

Error too_many_jobs(std::size_t limit);
Error too_many_starts(std::size_t per_minute, Millis wait);
Error idempotency_conflict();
Error id_in_use(const JobId& id);
Error storage_full();
Error overloaded();
Error shutting_down();
/// A cursor that is no position of this log.
Error bad_sequence(std::uint64_t after, std::uint64_t head);
Error reset();

}  // namespace hawser::store
