#include "net/context.h"

#include <algorithm>
#include <utility>

#include "net/session_id.h"

namespace hawser::net {
namespace {

engineio::Settings settings_of(const ServerConfig& config) {
  return {config.ping_interval, config.ping_timeout, config.max_payload, config.upgrade_timeout,
          config.close_linger};
}

}  // namespace

ServerContext::ServerContext(ServerConfig server_config, Random& source,
                             std::vector<Endpoint> engine_endpoints, HttpRoutes http_routes,
                             HttpService http_service)
    : config(std::move(server_config)),
      settings(settings_of(config)),
      origins(config.allowed_origins),
      endpoints(std::move(engine_endpoints)),
      routes(std::move(http_routes)),
      service(std::move(http_service)),
      random(source) {}

const Endpoint* ServerContext::endpoint_at(std::string_view path) const {
  const auto found = std::ranges::find_if(endpoints, [path](const Endpoint& endpoint) {
    const std::string_view own = endpoint.path;
    return path == own || (own.ends_with('/') && path == own.substr(0, own.size() - 1));
  });
  return found == endpoints.end() ? nullptr : &*found;
}

std::shared_ptr<Core> ServerContext::core_of(std::string_view sid) const {
  const auto index = core_of_sid(sid);
  return index && *index < cores.size() ? cores[*index].lock() : nullptr;
}

void ServerContext::use_tls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(tls_mutex_);
  tls_.swap(tls);
}

std::shared_ptr<const TlsContext> ServerContext::tls() const {
  const std::lock_guard lock(tls_mutex_);
  return tls_;
}

}  // namespace hawser::net
