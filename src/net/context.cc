#include "net/context.h"

#include <utility>

#include "net/session_id.h"

namespace hawser::net {
namespace {

engineio::Settings settings_of(const ServerConfig& config) {
  return {config.ping_interval, config.ping_timeout, config.max_payload, config.upgrade_timeout,
          config.close_linger};
}

}  // namespace

ServerContext::ServerContext(ServerConfig server_config, Random& source, ChannelHandlerFactory factory,
                             HttpRoutes http_routes)
    : config(std::move(server_config)),
      settings(settings_of(config)),
      origins(config.allowed_origins),
      make_handler(std::move(factory)),
      routes(std::move(http_routes)),
      random(source) {}

bool ServerContext::is_engine_path(std::string_view path) const {
  const std::string_view own = config.path;
  return path == own || (own.ends_with('/') && path == own.substr(0, own.size() - 1));
}

std::shared_ptr<Core> ServerContext::core_of(std::string_view sid) const {
  const auto index = core_of_sid(sid);
  return index && *index < cores.size() ? cores[*index].lock() : nullptr;
}

}  // namespace hawser::net
