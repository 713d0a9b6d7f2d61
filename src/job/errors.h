#pragma once

#include "base/error.h"
#include "base/id.h"

namespace hawser::job {

/// "Job not found: job_…", the original's text. For unknown and foreign jobs alike.
Error not_found(const JobId& id);

}  // namespace hawser::job
