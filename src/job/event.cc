#include "job/event.h"

namespace hawser::job {

std::string_view event_name(EventKind kind) {
  switch (kind) {
    case EventKind::started: return "job:started";
    case EventKind::chunk: return "job:chunk";
    case EventKind::progress: return "job:progress";
    case EventKind::checkpoint: return "job:checkpoint";
    case EventKind::resumed: return "job:resumed";
    case EventKind::completed: return "job:completed";
    case EventKind::failed: return "job:failed";
    case EventKind::cancelled: return "job:cancelled";
  }
  return "job:unknown";
}

bool is_ending(EventKind kind) {
  return kind == EventKind::completed || kind == EventKind::failed || kind == EventKind::cancelled;
}

}  // namespace hawser::job
