#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/loop.h"
#include "net/server.h"
#include "server/static_files.h"

namespace hawser::server {

/// What `/ready` reports on; written by the server, read by every core.
struct Readiness {
  std::atomic<bool> serving{false};   ///< everything is started
  std::atomic<bool> draining{false};  ///< SIGTERM arrived
};

/// `/metrics`, and who may read it. `text` must not block.
struct MetricsPage {
  enum class Readers { none, loopback, all };
  Readers readers = Readers::none;
  std::function<std::string()> text;
};

/// GET and HEAD of /health, /ready, /metrics and the page. `store_writable` must not block.
///   /health  200 always while the process lives: {"status":"ok","uptime":seconds,"redis":"disabled"}
///   /metrics 200 and the text of Prometheus, for those who may read it, else 404
///   /ready   200, or 503 with the reason while starting, draining or short of disk space
net::HttpRoutes http_routes(const Clock& clock, const Readiness& readiness,
                            std::function<bool()> store_writable, StaticFiles files,
                            MetricsPage metrics = {});

}  // namespace hawser::server
