#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/limits.h"
#include "base/loop.h"
#include "job/job_store.h"
#include "job/transition.h"
#include "runtime/system.h"
#include "store/hooks.h"

namespace rocksdb {
class Env;
}

namespace hawser::store {

struct RocksDbOptions {
  /// Locked for as long as the store lives; the database is its subdirectory `jobs`.
  std::string directory;
  Clock& clock = runtime::system_clock();
  Random& random = runtime::system_random();
  /// Files and disk; null means the real ones. Must outlive the store.
  rocksdb::Env* env = nullptr;
  std::uint64_t reserve_bytes = limits::kDefaultStorageReserve;
  /// Time from the begin of one flush to the begin of the next, for disks with few operations a second.
  Duration min_flush_interval{};
  job::LogLimits log{};
  std::shared_ptr<const job::Policies> policies = std::make_shared<job::Policies>();
  /// Empty means: log it, flush the log, end the process with status 70.
  FatalHook fatal{};
  /// Empty means: ask the file system of `env`.
  FreeSpace free_space{};
  /// `pump` is for simulations, in which no thread but theirs may touch the files: groups are then committed
  /// by `pump` and `stop`, and `stop` leaves the tables as they are to the next start.
  CommitsOn commits_on = CommitsOn::own_thread;
};

/// The embedded store (storage.md 6): RocksDB, one committing thread, every group synced before anything of
/// it becomes visible. Owned by the server; its thread lives from open() to stop(). Reads go on after stop().
class RocksDbJobStore final : public job::JobStore {
 public:
  /// Locks the directory, repairs and opens the database, gives back the leases of the process before.
  /// Errors, each naming what to do: unavailable (in use, not accessible), corrupt (damaged), config (another
  /// schema version).
  static Result<std::unique_ptr<RocksDbJobStore>> open(RocksDbOptions options);
  ~RocksDbJobStore() override;

  void submit(job::Command command, job::Completion completion) override;
  Result<job::JobRecord> find(const JobId& id) override;
  Result<std::string> input(const JobId& id) override;
  Result<job::JobPage> read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) override;
  Result<job::Tombstone> tombstone(const JobId& id) override;
  Result<job::OwnerPage> read_owner(std::string_view owner, std::uint64_t after,
                                    job::ReadLimits limits) override;
  Result<job::JobList> list(const job::JobFilter& filter, const std::optional<JobId>& before,
                            std::size_t most) override;
  Result<job::Queues> queues(WallMillis now) override;
  Result<std::uint64_t> owner_head(std::string_view owner) override;
  job::StoreStatus status() override;
  void set_listener(job::CommitListener listener) override;
  void stop() override;
  /// Commits one group of what waits; false when nothing does. Only with CommitsOn::pump, on one thread.
  bool pump();

 private:
  struct State;
  explicit RocksDbJobStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace hawser::store
