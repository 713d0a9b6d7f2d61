#include "store/rocksdb_job_store.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <mutex>
#include <utility>

#include "store/committer.h"
#include "store/database.h"
#include "store/directory_lock.h"
#include "store/index_upgrade.h"
#include "store/job_listing.h"
#include "store/job_log.h"
#include "store/job_table.h"
#include "store/owner_account.h"
#include "store/space_guard.h"
#include "store/store_meta.h"
#include "store/store_reader.h"
#include "store/store_repair.h"

namespace hawser::store {

struct RocksDbJobStore::State {
  State(DirectoryLock held, std::unique_ptr<Database> opened, StoreMeta described, JobTable table,
        const RocksDbOptions& options)
      : lock(std::move(held)),
        database(std::move(opened)),
        meta(std::move(described)),
        space(options.clock, options.free_space, options.reserve_bytes),
        reader(*database),
        committer(*database, std::move(table), space,
                  {.clock = options.clock,
                   .limits = options.log,
                   .min_flush_interval = options.min_flush_interval,
                   .fatal = options.fatal,
                   .commits_on = options.commits_on}),
        flushes_at_stop(options.commits_on == CommitsOn::own_thread) {}

  DirectoryLock lock;  // First, so that it is given back last.
  std::unique_ptr<Database> database;
  StoreMeta meta;
  SpaceGuard space;
  StoreReader reader;
  Committer committer;
  bool flushes_at_stop;
  std::once_flag flushed;
};

namespace {

/// EX_SOFTWARE of sysexits.h: whoever supervises us should start us again.
constexpr int kFatalStatus = 70;

void end_process(const std::string& what) {
  spdlog::critical("{} The process ends now and recovers at its next start.", what);
  spdlog::default_logger()->flush();
  std::_Exit(kFatalStatus);
}

Result<std::uint64_t> free_space(rocksdb::Env& env, const std::string& path) {
  std::uint64_t bytes = 0;
  const auto status = env.GetFreeSpace(path, &bytes);
  if (!status.ok()) return fail(Errc::unavailable, status.ToString());
  return bytes;
}

void fill_defaults(RocksDbOptions& options) {
  if (options.env == nullptr) options.env = rocksdb::Env::Default();
  if (!options.fatal) options.fatal = end_process;
  if (!options.free_space) {
    options.free_space = [env = options.env, path = options.directory] { return free_space(*env, path); };
  }
}

/// Jobs that the process before this one was working on wait for a worker again.
Status recover(Database& database, JobTable& table, Moment now) {
  if (auto loaded = table.load(now); !loaded) return loaded;
  const auto given_back = table.take_back_leases(now);
  if (!given_back) return std::unexpected(given_back.error());
  if (*given_back == 0) return {};
  rocksdb::WriteBatch batch;
  table.write_to(batch);
  if (auto written = database.write(batch); !written) return written;
  table.install();
  spdlog::info("store: {} interrupted jobs wait for a worker again", *given_back);
  return {};
}

Error in_directory(const std::string& directory, const Error& error) {
  if (error.code == Errc::damaged) {
    return {Errc::corrupt,
            fmt::format(
                "The store in {} cannot be opened: what it says about itself is damaged, or which jobs are "
                "unfinished. Restore the data directory from a backup, or run 'hawser doctor --repair'.",
                directory)};
  }
  return {error.code, fmt::format("The store in {} cannot be opened: {}", directory, error.message)};
}

}  // namespace

Result<std::unique_ptr<RocksDbJobStore>> RocksDbJobStore::open(RocksDbOptions options) {
  fill_defaults(options);
  auto lock = DirectoryLock::acquire(options.directory);
  if (!lock) return std::unexpected(lock.error());
  if (auto sound = check_no_repair_pending({options.directory, options.env}); !sound)
    return std::unexpected(sound.error());
  auto database = Database::open({.path = options.directory + "/jobs",
                                  .env = options.env,
                                  .on_background_error = [fatal = options.fatal](const std::string& what) {
                                    fatal("Writing the store's tables failed: " + what);
                                  }});
  if (!database) return std::unexpected(in_directory(options.directory, database.error()));
  auto meta = open_meta(**database, options.random);
  if (!meta) return std::unexpected(in_directory(options.directory, meta.error()));
  if (auto upgraded = upgrade_index(**database, *meta, options.clock.wall_now()); !upgraded) {
    return std::unexpected(in_directory(options.directory, upgraded.error()));
  }
  JobTable table(**database, options.policies, meta->retention_counted_from);
  if (auto recovered = recover(**database, table, {options.clock.now(), options.clock.wall_now()});
      !recovered) {
    return std::unexpected(in_directory(options.directory, recovered.error()));
  }
  auto state = std::make_unique<State>(*std::move(lock), *std::move(database), *std::move(meta),
                                       std::move(table), options);
  return std::unique_ptr<RocksDbJobStore>(new RocksDbJobStore(std::move(state)));
}

RocksDbJobStore::RocksDbJobStore(std::unique_ptr<State> state) : state_(std::move(state)) {}

RocksDbJobStore::~RocksDbJobStore() {
  stop();
}

void RocksDbJobStore::submit(job::Command command, job::Completion completion) {
  state_->committer.submit(std::move(command), std::move(completion));
}

Result<job::JobRecord> RocksDbJobStore::find(const JobId& id) {
  return load_record(*state_->database, id);
}

Result<std::string> RocksDbJobStore::input(const JobId& id) {
  // An unknown job has no input, a known one must have it.
  if (auto record = find(id); !record) return std::unexpected(record.error());
  return load_input(*state_->database, id);
}

Result<job::JobPage> RocksDbJobStore::read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) {
  return state_->reader.read_job(id, after, limits);
}

Result<job::OwnerPage> RocksDbJobStore::read_owner(std::string_view owner, std::uint64_t after,
                                                   job::ReadLimits limits) {
  return state_->reader.read_owner(owner, after, limits);
}

Result<job::Tombstone> RocksDbJobStore::tombstone(const JobId& id) {
  return load_tombstone(*state_->database, id);
}

Result<job::JobList> RocksDbJobStore::list(const job::JobFilter& filter, const std::optional<JobId>& before,
                                           std::size_t most) {
  return list_jobs(*state_->database, filter, before, most);
}

Result<job::Queues> RocksDbJobStore::queues(WallMillis now) {
  return count_queues(*state_->database, now);
}

Result<std::uint64_t> RocksDbJobStore::owner_head(std::string_view owner) {
  const auto account = load_account(*state_->database, owner);
  if (!account) return std::unexpected(account.error());
  return account->head;
}

job::StoreStatus RocksDbJobStore::status() {
  return {.writable = state_->space.has_room(),
          .incarnation = state_->meta.incarnation,
          .free_bytes = state_->space.free_bytes(),
          .queued_commands = state_->committer.queued()};
}

void RocksDbJobStore::set_listener(job::CommitListener listener) {
  state_->committer.set_listener(std::move(listener));
}

void RocksDbJobStore::stop() {
  state_->committer.stop();
  if (!state_->flushes_at_stop) return;
  std::call_once(state_->flushed, [this] {
    if (auto flushed = state_->database->flush(); !flushed) {
      spdlog::warn("store: the next start has more to replay: {}", flushed.error().message);
    }
  });
}

bool RocksDbJobStore::pump() {
  return state_->committer.pump();
}

}  // namespace hawser::store
