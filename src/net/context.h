#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "engineio/handshake.h"
#include "net/neighbours.h"
#include "net/origin_policy.h"
#include "net/population.h"
#include "net/server.h"

namespace hawser::net {

class Core;

/// What all cores of one server share. Immutable once the loops see it, but for the flags and counters.
struct ServerContext {
  ServerContext(ServerConfig server_config, Random& source, std::vector<Endpoint> engine_endpoints,
                HttpRoutes http_routes, HttpService http_service = {});

  /// The endpoint at `path`, with or without its last slash; null when there is none.
  const Endpoint* endpoint_at(std::string_view path) const;
  /// The core that a sid names; null when there is none.
  std::shared_ptr<Core> core_of(std::string_view sid) const;

  /// For connections that are accepted from now on; null: plain ones. Any thread.
  void use_tls(std::shared_ptr<const TlsContext> tls);
  std::shared_ptr<const TlsContext> tls() const;

  const ServerConfig config;
  const engineio::Settings settings;
  const OriginPolicy origins;
  const std::vector<Endpoint> endpoints;
  const HttpRoutes routes;
  const HttpService service;  ///< may be empty
  Random& random;
  std::vector<std::weak_ptr<Core>> cores;  ///< filled before the first loop sees it

  const std::shared_ptr<Population> connections = std::make_shared<Population>();
  /// Connections that are over a limit, while they are told so.
  const std::shared_ptr<Population> turned_away = std::make_shared<Population>();
  const std::shared_ptr<Population> sessions = std::make_shared<Population>();
  Neighbours neighbours;
  std::atomic<bool> refuses_sessions{false};
  std::atomic<bool> stopping{false};

 private:
  mutable std::mutex tls_mutex_;
  std::shared_ptr<const TlsContext> tls_;
};

}  // namespace hawser::net
