#include "job/errors.h"

namespace hawser::job {

Error not_found(const JobId& id) {
  return {Errc::not_found, "Job not found: " + id.to_string()};
}

}  // namespace hawser::job
