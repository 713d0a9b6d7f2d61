#include "store/damage_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/limits.h"

namespace hawser::store {

Error DamageLog::found(std::string_view what) {
  const std::lock_guard lock(mutex_);
  if (told_.size() < limits::kDamageRemembered && told_.emplace(what).second)
    spdlog::error("store: damaged data: {}", what);
  return {Errc::damaged, "Stored data is damaged; ask whoever runs the server to look at 'hawser doctor'."};
}

Error DamageLog::found(const JobId& job) {
  const std::lock_guard lock(mutex_);
  if (jobs_.size() < limits::kDamageRemembered && jobs_.insert(job).second)
    spdlog::error("store: {} is damaged; it can be neither read nor run", job.to_string());
  return {Errc::damaged,
          fmt::format("The stored data of {} is damaged; start the job again.", job.to_string())};
}

bool DamageLog::holds(const JobId& job) const {
  const std::lock_guard lock(mutex_);
  return jobs_.contains(job);
}

}  // namespace hawser::store
