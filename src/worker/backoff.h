#pragma once

#include <algorithm>

#include "base/error.h"
#include "base/time.h"

namespace hawser::worker {

/// Refusals of the store that pass by themselves: the same command is sent again.
inline bool is_transient(Errc code) {
  return code == Errc::storage_full || code == Errc::overloaded;
}

/// Refusals that mean: somebody else has the job, or nobody any more.
inline bool has_lost_job(Errc code) {
  return code == Errc::fenced || code == Errc::job_ended;
}

/// 50 ms, 100 ms, … 2 s: soon enough to be unnoticed after a short jam, rare enough while a disk is full.
inline Duration retry_delay(unsigned failures) {
  return Millis(std::min(2000U, 50U << std::min(failures, 6U)));
}

}  // namespace hawser::worker
