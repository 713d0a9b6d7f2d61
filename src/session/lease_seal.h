#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"

namespace hawser::session {

/// The leases that workers in other processes show with each command: a signed text that names worker, job
/// and epoch. So nothing is kept per connection, a worker goes on over another one or after a restart, and
/// nobody can guess his way into a job that somebody else holds. Immutable; any thread.
class LeaseSeal {
 public:
  /// `key`: secret, and the same as long as the store is.
  explicit LeaseSeal(std::string key) : key_(std::move(key)) {}

  std::string make(std::string_view worker, const JobId& job, std::uint64_t epoch) const;
  /// The epoch; nothing when it is not our lease of this job for this worker.
  std::optional<std::uint64_t> epoch_of(std::string_view worker, const JobId& job,
                                        std::string_view lease) const;

 private:
  std::string sign(std::string_view worker, const JobId& job, std::string_view epoch) const;

  std::string key_;
};

}  // namespace hawser::session
