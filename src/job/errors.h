#pragma once

#include "base/error.h"
#include "base/id.h"
#include "job/retention.h"

namespace hawser::job {

/// "Job not found: job_…", the original's text. For unknown and foreign jobs alike.
Error not_found(const JobId& id);
/// For the owner of a deleted job.
Error gone(const Tombstone& tombstone);

}  // namespace hawser::job
