#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/id.h"

namespace hawser::store {

/// Remembers what was found damaged, so that each thing is logged once however often it is read, and a job
/// that is known to be damaged is not handed to a worker. Bounded by limits::kDamageRemembered. Any thread.
class DamageLog {
 public:
  /// A stretch of the files, in RocksDB's words, or a value that makes no sense.
  Error found(std::string_view what);
  /// A job with damaged data. The error says so to the job's owner.
  Error found(const JobId& job);
  bool holds(const JobId& job) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> told_;
  std::set<JobId> jobs_;
};

}  // namespace hawser::store
