// What the doctor examines over the network: port, model endpoint, Redis.
#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "base/web_url.h"
#include "cli/doctor.h"
#include "cli/https_probe.h"
#include "cli/redis_probe.h"
#include "cli/tcp_probe.h"
#include "server/handler_options.h"
#include "server/tls.h"

namespace hawser::cli {
namespace {

constexpr Millis kTimeout{3'000};

/// Where to knock for a server that listens on `host`.
std::string reachable_host(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

bool is_health(const HttpAnswer& answer) {
  const auto body = json::validate(answer.body);
  if (answer.status != 200 || !body) return false;
  const auto status = body->find("status");
  return status && status->as_string() == "ok" && body->find("uptime");
}

}  // namespace

Finding check_port(const server::Config& config) {
  const auto& [host, port] = std::pair(reachable_host(config.server.host), config.server.port);
  if (port == 0) return {Verdict::ok, "port", "any free one"};
  const auto where = authority(host, port);
  if (!TcpProbe::connect(host, port, kTimeout))
    return {Verdict::ok, "port", fmt::format("{} is free", where)};
  const auto ask = server::has_tls(config) ? https_get : http_get;
  const auto answer = ask(host, port, "/health", kTimeout);
  if (answer && is_health(*answer))
    return {Verdict::ok, "port", fmt::format("a Hawser is healthy at {}", where)};
  return {Verdict::failure, "port",
          fmt::format("something else listens at {}; stop it or choose another port (--port)", where)};
}

Finding check_llm(const server::Config& config) {
  const std::string subject = "llm endpoint";
  if (config.llm.base_url.empty()) return {Verdict::ok, subject, "not set: no llm jobs"};
  if (const auto options = server::handler_options(config); !options) {
    return {Verdict::failure, subject, options.error().message};
  }
  const auto url = parse_web_url(config.llm.base_url);
  if (!url) return {Verdict::failure, subject, url.error().message};
  const auto probe = TcpProbe::connect(url->host, url->port, kTimeout);
  if (!probe)
    return {Verdict::failure, subject, probe.error().message + "; check llm.base_url and the network"};
  return {Verdict::ok, subject, fmt::format("{} accepts connections", authority(url->host, url->port))};
}

Finding check_redis(const server::Config& config) {
  const std::string subject = "redis";
  if (config.redis.url.empty()) return {Verdict::ok, subject, "not set: the embedded store is used"};
  const auto url = parse_redis_url(config.redis.url);
  if (!url) return {Verdict::failure, subject, url.error().message};
  const auto where = authority(url->host, url->port);
  if (const auto status = probe_redis(*url, std::to_string(::getpid()), kTimeout); !status) {
    return {Verdict::failure, subject, fmt::format("{}: {}; check REDIS_URL", where, status.error().message)};
  }
  return {Verdict::ok, subject,
          fmt::format("{}: ping, set/get and pub/sub work (jobs are kept in the embedded store)", where)};
}

}  // namespace hawser::cli
