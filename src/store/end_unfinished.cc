#include "store/end_unfinished.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "store/commit_builder.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/owner_account.h"
#include "store/record_codec.h"

namespace hawser::store {
namespace {

constexpr const char* kReason =
    "Part of this job's log was lost when the server's disk was damaged; start the job again.";
/// Jobs that are ended by one write.
constexpr std::size_t kJobsPerWrite = 256;

Result<std::vector<JobId>> active_jobs(const Database& database) {
  std::vector<JobId> ids;
  Scan scan(database, Family::index, keys::all_active_jobs(), keys::after_prefix(keys::all_active_jobs()));
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto id = keys::trailing_id(scan.key());
    if (!id) return std::unexpected(database.damage().found("an index entry of an active job"));
    ids.push_back(*id);
  }
  if (auto status = scan.status(); !status) return std::unexpected(status.error());
  return ids;
}

/// Puts job:resumed at each sequence of the record up to `through`.
Status withdraw(Database& database, job::JobRecord record, std::uint64_t through, WallMillis now) {
  auto account = load_account(database, *record.owner);
  if (!account) return std::unexpected(account.error());
  job::Change change;
  const auto payload = share(fmt::format(R"({{"attempt":{},"keepThrough":{}}})", std::max(record.attempt, 1U),
                                         record.last_sequence));
  for (auto sequence = record.last_sequence + 1; sequence <= through; ++sequence) {
    job::Event event;
    event.job = record.id;
    event.kind = job::EventKind::resumed;
    event.sequence = sequence;
    event.attempt = record.attempt;
    event.timestamp = now;
    event.payload = payload;
    change.events.push_back(std::move(event));
  }
  record.last_sequence = through;
  record.log_bytes += change.events.size() * payload->size();
  change.record = std::move(record);
  job::assign_positions(change, account->head);
  rocksdb::WriteBatch batch;
  for (const auto& event : change.events) {
    database.put(batch, Family::event, keys::event(event.job, event.sequence),
                 encode_event(event, change.record.created_at));
  }
  database.put(batch, Family::job, keys::job(change.record.id), encode_record(change.record));
  database.put(batch, Family::index, keys::owner_head(*change.record.owner), encode_account(*account));
  return database.write(batch);
}

/// Nothing here waits for time to pass.
Moment moment(WallMillis now) {
  return {.at = {}, .wall = now};
}

Status withdraw_lost(Database& database, std::span<const JobId> active, const LostWrites& lost,
                     WallMillis now) {
  for (const auto& id : active) {
    const auto known = lost.jobs().find(id);
    if (known == lost.jobs().end()) continue;
    auto record = load_record(database, id);
    if (!record && record.error().code == Errc::damaged) continue;
    if (!record) return std::unexpected(record.error());
    if (record->last_sequence >= known->second.through) continue;
    // One more than was lost: whoever has seen all of that must be told as well.
    if (auto done = withdraw(database, *std::move(record), known->second.through + 1, now); !done)
      return done;
  }
  return {};
}

Status cancel(Database& database, JobTable& table, std::span<const JobId> ids, WallMillis now) {
  CommitBuilder builder({.database = database, .table = table, .limits = {}, .now = moment(now)});
  for (const auto& id : ids) {
    const auto record = table.find(id);
    if (!record && record.error().code == Errc::damaged) continue;  // It is not run as it is.
    if (!record) return std::unexpected(record.error());
    if (*record == nullptr) continue;
    const auto done = builder.apply(job::Cancel{.id = id, .owner = *(*record)->owner, .reason = kReason});
    if (!done) return std::unexpected(done.error());
  }
  if (auto written = database.write(builder.batch()); !written) return written;
  table.install();
  return {};
}

}  // namespace

Result<std::vector<JobId>> end_unfinished(Database& database, const LostWrites& lost, WallMillis now) {
  auto active = active_jobs(database);
  if (!active) return active;
  if (auto done = withdraw_lost(database, *active, lost, now); !done) return std::unexpected(done.error());
  JobTable table(database, std::make_shared<job::Policies>());
  if (auto loaded = table.load(moment(now)); !loaded) return std::unexpected(loaded.error());
  const std::span<const JobId> all(*active);
  for (std::size_t at = 0; at < all.size(); at += kJobsPerWrite) {
    const auto part = all.subspan(at, std::min(kJobsPerWrite, all.size() - at));
    if (auto done = cancel(database, table, part, now); !done) return std::unexpected(done.error());
  }
  return active;
}

}  // namespace hawser::store
