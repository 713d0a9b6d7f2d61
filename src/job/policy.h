#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "base/time.h"
#include "job/quota.h"
#include "job/retention.h"

namespace hawser::job {

/// How jobs of one type are run. Set by the operator; a change counts for the jobs that are there as well.
/// A time of zero means: no such bound.
struct Policy {
  /// A job fails for good with its so-manieth retryable failure, and with its so-manieth run in a row that
  /// was interrupted before it wrote a chunk. An interruption that brought output does not count.
  std::uint32_t attempts = limits::kDefaultAttempts;
  /// Before the first retry; doubled for each further one. Half of it is jitter.
  Millis backoff = limits::kDefaultBackoff;
  Millis max_backoff = limits::kDefaultMaxBackoff;
  /// From the begin of the first run to the end, retries and waiting included. An explicit resume begins
  /// anew.
  Millis deadline{0};
  /// A run that writes nothing for so long is taken for hung: it counts as a retryable failure.
  Millis idle_timeout{0};
  /// Chunks between two checkpoints of a handler that leaves their time to us.
  std::uint32_t checkpoint_every = limits::kDefaultCheckpointEvery;
};

/// The policies of all types, what users may ask for, and how long is kept what they get. Immutable; any
/// thread.
class Policies {
 public:
  explicit Policies(Policy usual = {}, std::map<std::string, Policy, std::less<>> by_type = {},
                    Quota quota = {}, Retention retention = {})
      : usual_(usual), by_type_(std::move(by_type)), quota_(quota), retention_(retention) {}

  const Policy& of(std::string_view type) const {
    const auto found = by_type_.find(type);
    return found == by_type_.end() ? usual_ : found->second;
  }
  const Quota& quota() const { return quota_; }
  const Retention& retention() const { return retention_; }

 private:
  Policy usual_;
  std::map<std::string, Policy, std::less<>> by_type_;
  Quota quota_;
  Retention retention_;
};

}  // namespace hawser::job
