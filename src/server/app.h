#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "fanout/hub.h"
#include "fanout/local_wakeup.h"
#include "job/job_service.h"
#include "job/job_store.h"
#include "job/sweeper.h"
#include "net/server.h"
#include "runtime/loop_group.h"
#include "runtime/system.h"
#include "runtime/thread_pool.h"
#include "server/admin_api.h"
#include "server/config.h"
#include "server/http_routes.h"
#include "server/metrics.h"
#include "session/auth.h"
#include "session/core.h"
#include "session/recovery.h"
#include "worker/executor.h"

namespace hawser::server {

/// Builds the rooms in the order in which data needs them, and takes them down in reverse. Made, drained
/// and destroyed on the main thread.
class App {
 public:
  /// Opens the store (which takes the lock of the data directory) before anything listens.
  static Result<std::unique_ptr<App>> start(const Config& config);
  /// Drains when that has not been done.
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  std::uint16_t port() const { return net_->port(); }
  /// With `--dev`: a token for the page, to be printed with its address.
  std::optional<std::string> page_token() const;

  /// Reads certificate and key again: connections from now on get them, open ones stay. Errors (config)
  /// leave everything as it is; also when TLS is not configured.
  Status reload_tls();

  /// Not ready, clients told, handlers given until `config.server.drain` to write a checkpoint, connections
  /// closed so that clients come back, everything committed. Idempotent. False when a handler did not return
  /// in time: its job is given back by the next start, and this object must not be destroyed.
  bool drain();

 private:
  explicit App(const Config& config);
  Status open_store();
  Status build();
  Status make_recovery();
  net::HttpRoutes routes(StaticFiles files);
  Metrics metrics() const;
  void make_cores();
  void close_older(const Loop& here, const std::string& sid, TimePoint connected_at);
  void use_tls(const std::shared_ptr<const net::TlsContext>& tls);

  const Config& config_;
  const TimePoint started_ = runtime::system_clock().now();
  Readiness readiness_;
  runtime::LoopGroup loops_;
  std::unique_ptr<runtime::ThreadPool> readers_;
  std::unique_ptr<job::JobStore> store_;
  std::shared_ptr<const job::Policies> policies_;
  std::unique_ptr<job::Sweeper> sweeper_;  ///< on the first loop
  std::unique_ptr<worker::Executor> executor_;
  std::unique_ptr<job::JobService> jobs_;
  std::optional<session::Authenticator> authenticator_;
  std::optional<AdminApi> admin_;
  std::optional<session::Recovery> recovery_;
  std::optional<session::LeaseSeal> leases_;
  std::vector<std::unique_ptr<fanout::Hub>> hubs_;
  std::vector<std::unique_ptr<session::Core>> cores_;
  std::unique_ptr<fanout::LocalWakeup> wakeup_;
  std::unique_ptr<net::Server> net_;
  bool drained_ = false;
};

}  // namespace hawser::server
