#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "fanout/hub.h"
#include "fanout/local_wakeup.h"
#include "job/job_service.h"
#include "session/auth.h"
#include "session/core.h"
#include "session/recovery.h"
#include "store/rocksdb_job_store.h"
#include "test/sim/connection.h"
#include "test/sim/watched_store.h"
#include "test/sim/world.h"

namespace hawser::sim {

const session::Authenticator& authenticator();

/// One life of the server: the real store, job service, fan-out and sessions, on two cores that take turns.
class Server {
 public:
  static constexpr std::size_t kCores = 2;

  /// Errors: those of the store.
  static Result<std::unique_ptr<Server>> open(World& world);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// It has ended, perhaps in the middle of what is happening now. Nothing it still does is seen.
  bool is_dead() const { return dead_ || world_.disk.is_dead(); }
  void kill() { dead_ = true; }

  std::shared_ptr<Connection> connect();
  WatchedStore& store() { return *watched_; }
  /// An orderly end: clients are told, connections closed, the store stopped; then it is dead.
  void drain();
  void schedule_commit();
  const std::vector<std::shared_ptr<Connection>>& connections() const { return connections_; }

  /// What it still holds; all of it should be nothing once everybody has gone.
  json::Object holdings() const;

 private:
  explicit Server(World& world);
  Status open_store();
  void build();
  void commit();
  void sweep();

  World& world_;
  bool dead_ = false;
  bool commit_scheduled_ = false;
  SimRandom random_;
  std::array<SimLoop, kCores> loops_;
  SimPool pool_;
  std::unique_ptr<store::RocksDbJobStore> store_;
  std::unique_ptr<WatchedStore> watched_;
  std::unique_ptr<job::JobService> jobs_;
  std::unique_ptr<session::Recovery> recovery_;
  std::unique_ptr<session::LeaseSeal> leases_;
  std::vector<std::unique_ptr<fanout::Hub>> hubs_;
  std::vector<std::unique_ptr<session::Core>> cores_;
  std::unique_ptr<fanout::LocalWakeup> wakeup_;
  std::vector<std::shared_ptr<Connection>> connections_;
  Lifetime lifetime_;
};

}  // namespace hawser::sim
