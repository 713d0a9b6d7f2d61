#pragma once

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "job/job_list.h"
#include "store/database.h"

namespace hawser::store {

/// JobStore::list and JobStore::queues.
Result<job::JobList> list_jobs(const Database& database, const job::JobFilter& filter,
                               const std::optional<JobId>& before, std::size_t most);
Result<job::Queues> count_queues(const Database& database, WallMillis now);

}  // namespace hawser::store
