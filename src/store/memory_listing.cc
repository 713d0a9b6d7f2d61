#include <iterator>
#include <utility>

#include "base/limits.h"
#include "store/memory_state.h"

// What the memory store shows to administrators.
namespace hawser::store {

job::JobList MemoryState::list(const job::JobFilter& filter, const std::optional<JobId>& before,
                               std::size_t most) const {
  job::JobList list;
  std::size_t looked_at = 0;
  auto at = before ? jobs_.lower_bound(*before) : jobs_.end();
  for (; at != jobs_.begin(); ++looked_at) {
    if (list.jobs.size() == most || looked_at == limits::kListScan) {
      list.next = at->first;
      return list;
    }
    --at;
    if (filter.accepts(at->second.record)) list.jobs.push_back(at->second.record);
  }
  return list;
}

job::Queues MemoryState::queues(WallMillis now) const {
  job::Queues queues;
  std::size_t looked_at = 0;
  for (const auto& [id, job] : jobs_) {
    if (!job::is_active(job.record)) continue;
    if (looked_at++ == limits::kQueueScan) {
      queues.complete = false;
      break;
    }
    queues.types[*job.record.type].add(job.record, now);
  }
  return queues;
}

}  // namespace hawser::store
