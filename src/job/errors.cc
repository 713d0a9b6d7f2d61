#include "job/errors.h"

#include <fmt/chrono.h>

#include <ctime>

namespace hawser::job {

Error not_found(const JobId& id) {
  return {Errc::not_found, "Job not found: " + id.to_string()};
}

Error gone(const Tombstone& tombstone) {
  const auto day = fmt::gmtime(static_cast<std::time_t>(tombstone.deleted_at / 1000));
  return {Errc::gone, fmt::format("The job {} was deleted on {:%Y-%m-%d}; start it again.",
                                  tombstone.id.to_string(), day)};
}

}  // namespace hawser::job
