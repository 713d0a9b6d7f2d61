#include "store/job_listing.h"

#include <string>
#include <utility>

#include "base/limits.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/record_codec.h"

namespace hawser::store {

Result<job::JobList> list_jobs(const Database& database, const job::JobFilter& filter,
                               const std::optional<JobId>& before, std::size_t most) {
  // Ids begin with the time of the start, so the last key is the newest job.
  const auto upper = before ? keys::job(*before) : std::string(keys::kIdBytes + 1, '\xff');
  Scan scan(database, Family::job, {}, upper);
  job::JobList list;
  std::optional<JobId> last;
  std::size_t looked_at = 0;
  for (scan.to_last(); scan.valid(); scan.previous()) {
    if (list.jobs.size() == most || looked_at == limits::kListScan) {
      list.next = last;
      return list;
    }
    ++looked_at;
    if (const auto id = keys::trailing_id(scan.key())) last = *id;
    auto record = decode_record(scan.value());
    if (record && filter.accepts(*record)) list.jobs.push_back(*std::move(record));
  }
  if (auto status = scan.status(); !status) return std::unexpected(status.error());
  return list;
}

Result<job::Queues> count_queues(const Database& database, WallMillis now) {
  const auto held = database.snapshot();
  const auto prefix = keys::all_active_jobs();
  Scan scan(database, Family::index, prefix, keys::after_prefix(prefix), held->snapshot());
  job::Queues queues;
  std::size_t looked_at = 0;
  for (scan.to_first(); scan.valid(); scan.next()) {
    if (looked_at++ == limits::kQueueScan) {
      queues.complete = false;
      return queues;
    }
    const auto id = keys::trailing_id(scan.key());
    if (!id) continue;
    const auto record = load_record(database, *id, held->snapshot());
    if (record) queues.types[*record->type].add(*record, now);
  }
  if (auto status = scan.status(); !status) return std::unexpected(status.error());
  return queues;
}

}  // namespace hawser::store
