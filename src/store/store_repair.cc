#include "store/store_repair.h"

#include <fmt/format.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "store/damaged_copies.h"
#include "store/database.h"
#include "store/end_unfinished.h"
#include "store/index_rebuild.h"
#include "store/job_log.h"
#include "store/lost_writes.h"
#include "store/store_meta.h"
#include "store/wal_repair.h"

namespace hawser::store {
namespace {

/// Stands in the data directory while a repair is under way.
constexpr const char* kPending = "repair-pending";

std::string pending_path(const StorePlace& place) {
  return place.directory + "/" + kPending;
}

bool is_pending(const StorePlace& place) {
  return place.files().FileExists(pending_path(place)).ok();
}

/// A repair that has begun: where the files are as they were, and the first of their logs that counts.
struct Pending {
  std::string copies;
  std::uint64_t first_log = 0;
};

Result<Pending> read_pending(const StorePlace& place) {
  const auto text = read_file(place.files(), pending_path(place));
  if (!text) return std::unexpected(text.error());
  Pending pending;
  std::istringstream in(*text);
  if (std::getline(in, pending.copies) && in >> pending.first_log) return pending;
  return fail(Errc::corrupt, fmt::format("{} makes no sense.", pending_path(place)));
}

/// The logs that the database still needs, and the oldest one with damage in front of acknowledged writes.
struct Logs {
  std::vector<WalFile> files;
  std::optional<std::size_t> damaged;

  const WalFile& damaged_file() const { return files.at(*damaged); }
};

Result<Logs> logs_in(const StorePlace& place, const std::string& directory, std::uint64_t first) {
  auto files = scan_wals(place.files(), directory, first);
  if (!files) return std::unexpected(files.error());
  Logs logs{.files = *std::move(files), .damaged = std::nullopt};
  if (const auto* damaged = first_damaged(logs.files)) {
    logs.damaged = static_cast<std::size_t>(damaged - logs.files.data());
  }
  return logs;
}

/// Everything but the tables, which no repair changes, and RocksDB's own lock and the logs of earlier
/// releases.
Result<std::vector<std::string>> files_to_keep(const StorePlace& place) {
  std::vector<std::string> names;
  const auto status = place.files().GetChildren(place.database(), &names);
  if (!status.ok()) {
    return fail(Errc::unavailable, fmt::format("Cannot read {}: {}.", place.database(), status.ToString()));
  }
  std::erase_if(names, [](const std::string& name) {
    return name.starts_with('.') || name.starts_with("LO") || name.ends_with(".sst") ||
           name.ends_with(".blob");
  });
  const auto folder = place.database() + "/";
  for (auto& name : names) name.insert(0, folder);
  return names;
}

/// From here on the store does not open until the repair has come to its end.
Result<Pending> begin(const StorePlace& place, WallMillis now, std::uint64_t first_log) {
  const auto files = files_to_keep(place);
  if (!files) return std::unexpected(files.error());
  auto copies = keep_copies(place.files(), place.directory, now, *files);
  if (!copies) return std::unexpected(copies.error());
  Pending pending{.copies = *std::move(copies), .first_log = first_log};
  const auto text = fmt::format("{}\n{}\n", pending.copies, pending.first_log);
  if (auto written = write_file(place.files(), place.directory, kPending, text); !written) {
    return std::unexpected(written.error());
  }
  return pending;
}

Status end(const StorePlace& place) {
  const auto status = place.files().DeleteFile(pending_path(place));
  if (!status.ok()) {
    return fail(Errc::unavailable,
                fmt::format("Cannot remove {}: {}.", pending_path(place), status.ToString()));
  }
  return sync_directory(place.files(), place.directory);
}

/// Newer logs first, so that an interruption leaves the damage where the next repair finds it.
Status cut_logs(const StorePlace& place, const Logs& logs) {
  for (auto at = logs.files.size(); at-- > *logs.damaged + 1;) {
    const auto& path = logs.files[at].path;
    if (const auto status = place.files().DeleteFile(path); !status.ok()) {
      return fail(Errc::unavailable, fmt::format("Cannot remove {}: {}.", path, status.ToString()));
    }
  }
  if (auto synced = sync_directory(place.files(), place.database()); !synced) return synced;
  return cut(place.files(), logs.damaged_file());
}

/// What a cut takes, as the copies show it.
Result<LostWrites> read_lost(const StorePlace& place, const Database& database, const Logs& logs,
                             RepairReport& report) {
  LostWrites lost;
  for (auto at = logs.damaged.value_or(logs.files.size()); at < logs.files.size(); ++at) {
    const auto& wal = logs.files[at];
    const auto from = at == *logs.damaged ? wal.scan.valid_end() : 0;
    const auto bytes = read_file(place.files(), wal.path);
    if (!bytes) return std::unexpected(bytes.error());
    lost.add(database, *bytes, from);
    report.cuts.push_back({wal.path, from, wal.size});
  }
  report.unreadable_bytes = lost.unreadable_bytes();
  return lost;
}

/// Before the ends of jobs are written.
Status describe(const Database& database, const LostWrites& lost, RepairReport& report) {
  for (const auto& [id, known] : lost.jobs()) {
    RepairReport::LostJob job{.id = id, .owner = known.owner, .lost = known.through};
    const auto record = load_record(database, id);
    if (!record && record.error().code == Errc::unavailable) return std::unexpected(record.error());
    if (record) {
      job.owner = *record->owner;
      job.kept = record->last_sequence;
      job.exists = true;
    }
    report.lost.push_back(std::move(job));
  }
  return {};
}

Status leave_behind(const StorePlace& place, Database& database, const Logs& originals, Clock& clock,
                    RepairReport& report) {
  const auto lost = read_lost(place, database, originals, report);
  if (!lost) return std::unexpected(lost.error());
  if (auto described = describe(database, *lost, report); !described) return described;
  auto ended = end_unfinished(database, *lost, clock.wall_now());
  if (!ended) return std::unexpected(ended.error());
  report.ended = *std::move(ended);
  return {};
}

Status bring_back(const StorePlace& place, const Logs& originals, Clock& clock, Random& random,
                  RepairReport& report) {
  Database::Options options{.path = place.database(), .env = &place.files(), .on_background_error = {}};
  options.wals_were_cut = true;
  auto database = Database::open(options);
  if (!database) return std::unexpected(database.error());
  // One that was begun before may have stopped half-way.
  if (report.interrupted || is_index_damaged(**database)) {
    auto damaged = rebuild_index(**database);
    if (!damaged) return std::unexpected(damaged.error());
    report.damaged = *std::move(damaged);
    report.index_rebuilt = true;
  }
  if (originals.damaged) {
    if (auto done = leave_behind(place, **database, originals, clock, report); !done) return done;
  }
  if (auto renewed = renew_meta(**database, random); !renewed) return renewed;
  return (*database)->flush();
}

/// Cuts what is damaged, also when that was begun before.
Status carry_out(const StorePlace& place, const Pending& pending, Clock& clock, Random& random,
                 RepairReport& report) {
  const auto originals = logs_in(place, pending.copies, pending.first_log);
  if (!originals) return std::unexpected(originals.error());
  const auto logs = logs_in(place, place.database(), pending.first_log);
  if (!logs) return std::unexpected(logs.error());
  if (logs->damaged) {
    if (auto done = cut_logs(place, *logs); !done) return done;
  }
  return bring_back(place, *originals, clock, random, report);
}

struct Examination {
  std::uint64_t first_log = 0;  ///< that the tables do not hold yet
  std::optional<Error> fault;
};

Error damaged_tables(const StorePlace& place) {
  return {Errc::corrupt,
          fmt::format("The index of the store in {}, or what it says about itself, is damaged; run "
                      "'hawser doctor --repair' to make it anew.",
                      place.directory)};
}

Result<Examination> examine(const StorePlace& place) {
  const auto database = Database::open_to_examine(place.database(), place.files());
  if (!database) return std::unexpected(database.error());
  const auto meta = check_meta(**database);
  if (!meta && meta.error().code == Errc::config) return std::unexpected(meta.error());
  const auto first = (*database)->first_live_log();
  if (!first) return std::unexpected(first.error());
  const auto logs = logs_in(place, place.database(), *first);
  if (!logs) return std::unexpected(logs.error());
  Examination examination{.first_log = *first, .fault = std::nullopt};
  if (logs->damaged) {
    examination.fault = damaged_wal(logs->damaged_file());
  } else if (!meta || is_index_damaged(**database)) {
    examination.fault = damaged_tables(place);
  }
  return examination;
}

}  // namespace

rocksdb::Env& StorePlace::files() const {
  return env != nullptr ? *env : *rocksdb::Env::Default();
}

Status check_no_repair_pending(const StorePlace& place) {
  if (!is_pending(place)) return {};
  return fail(Errc::corrupt,
              fmt::format("A repair of {} has not come to its end; run 'hawser doctor --repair' again.",
                          place.directory));
}

Result<std::optional<Error>> examine_store(const StorePlace& place) {
  if (auto pending = check_no_repair_pending(place); !pending) return pending.error();
  auto examination = examine(place);
  if (!examination) return std::unexpected(examination.error());
  return std::move(examination->fault);
}

Result<RepairReport> repair_store(const StorePlace& place, Clock& clock, Random& random) {
  RepairReport report;
  report.interrupted = is_pending(place);
  Result<Pending> pending;
  if (report.interrupted) {
    pending = read_pending(place);
  } else {
    const auto examination = examine(place);
    if (!examination) return std::unexpected(examination.error());
    if (!examination->fault) return report;
    pending = begin(place, clock.wall_now(), examination->first_log);
  }
  if (!pending) return std::unexpected(pending.error());
  report.copies = pending->copies;
  if (auto done = carry_out(place, *pending, clock, random, report); !done)
    return std::unexpected(done.error());
  if (auto ended = end(place); !ended) return std::unexpected(ended.error());
  return report;
}

}  // namespace hawser::store
