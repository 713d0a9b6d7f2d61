#include "job/job_list.h"

#include <algorithm>

namespace hawser::job {

void QueueFacts::add(const JobRecord& record, WallMillis now) {
  switch (place_of(record, now)) {
    case Place::none: return;
    case Place::delayed: ++delayed; return;
    case Place::held: ++held; return;
    case Place::queued: break;
  }
  ++queued;
  oldest = oldest == 0 ? record.created_at : std::min(oldest, record.created_at);
}

}  // namespace hawser::job
