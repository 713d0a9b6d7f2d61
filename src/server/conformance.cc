#include "server/conformance.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fanout/local_broadcaster.h"
#include "net/server.h"
#include "runtime/loop_group.h"
#include "runtime/system.h"
#include "server/conformance_session.h"
#include "server/http_routes.h"
#include "server/signals.h"
#include "socketio/packet.h"

namespace hawser::server {
namespace {

constexpr int kExitConfig = 2;
/// For connections to take what is left to send.
constexpr auto kCloseTime = std::chrono::seconds(3);

ConformanceParts make_parts(const ConformanceOptions& options, const runtime::LoopGroup& group) {
  const auto loops = group.all();
  ConformanceParts parts{runtime::system_random(), options.connect_timeout, {}};
  for (const std::string name : {"/", "/custom"}) {
    parts.namespaces.emplace(
        name, std::make_unique<fanout::LocalBroadcaster>(
                  std::vector<Loop*>(loops.begin(), loops.end()),
                  [name](Payload payload) { return socketio::encode_event(name, std::move(payload)); },
                  options.recovery ? std::optional(fanout::Recovery()) : std::nullopt));
  }
  return parts;
}

net::ServerConfig net_config(const ConformanceOptions& options) {
  net::ServerConfig config;
  config.host = options.host;
  config.port = options.port;
  config.ping_interval = options.ping_interval;
  config.ping_timeout = options.ping_timeout;
  config.max_payload = options.max_payload;
  config.allowed_origins = {"*"};
  return config;
}

std::vector<net::Endpoint> endpoints(const ConformanceParts& parts) {
  return {{"/engine.io/", [](Loop&, Channel& channel,
                             const HandshakeInfo&) { return std::make_unique<EchoSession>(channel); }},
          {"/socket.io/", [&parts](Loop& loop, Channel& channel, const HandshakeInfo&) {
             return std::make_unique<ConformanceSession>(parts, loop, channel);
           }}};
}

}  // namespace

int run_conformance(const ConformanceOptions& options) {
  const Signals signals;
  auto& clock = runtime::system_clock();
  Readiness readiness;
  runtime::LoopGroup loops(options.loops, clock);
  const auto parts = make_parts(options, loops);
  net::Server server(net_config(options), loops.all(), runtime::system_random(), endpoints(parts),
                     http_routes(
                         clock, readiness, [] { return true; }, StaticFiles{}));
  loops.run();
  if (const auto listening = server.start(); !listening) {
    fmt::print(stderr, "hawser: {}\n", listening.error().message);
    loops.stop();
    return kExitConfig;
  }
  readiness.serving = true;
  fmt::print("hawser: ready at http://{}:{}\n", options.host, server.port());
  std::fflush(stdout);
  while (signals.wait() == SIGHUP) continue;
  signals.end_at_next();
  readiness.draining = true;
  server.stop(CloseReason::going_away, clock.now() + kCloseTime);
  loops.stop();
  return 0;
}

}  // namespace hawser::server
