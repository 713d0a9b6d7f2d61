#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/server.h"

namespace hawser::server {

/// What /metrics tells, read at one moment from counters that blocked nobody. Bounds stand beside what they
/// bound.
struct Metrics {
  double uptime_seconds = 0;
  std::size_t resident_bytes = 0;
  double cpu_seconds = 0;

  net::Server::Gauges net;
  std::size_t max_connections = 0;

  std::int64_t clients = 0;
  std::int64_t subscriptions = 0;
  std::int64_t catch_ups = 0;
  std::int64_t pending_commands = 0;
  std::int64_t attachment_bytes = 0;
  std::int64_t connects_accepted = 0;
  std::int64_t connects_refused = 0;
  std::int64_t rate_limited = 0;
  std::int64_t followed_users = 0;

  std::size_t reads_queued = 0;
  std::size_t jobs_running = 0;
  std::size_t handler_threads = 0;
  std::size_t store_queued_commands = 0;
  std::uint64_t store_free_bytes = 0;  ///< 0 for a store without a disk
  bool store_writable = true;
};

/// In the text format of Prometheus, version 0.0.4. Labels come from closed lists only, never from clients.
std::string prometheus_text(const Metrics& metrics);

}  // namespace hawser::server
