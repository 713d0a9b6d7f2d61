#include "server/http_routes.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/json.h"
#include "server/config.h"

namespace hawser::server {
namespace {

net::HttpResponse json_response(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.body = share(std::move(body));
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

net::HttpResponse file_response(const StaticFiles::File& file) {
  net::HttpResponse response;
  response.content_type = file.content_type;
  response.body = file.body;
  response.headers = {
      {"Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Content-Security-Policy",
       "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"},
  };
  return response;
}

class Routes {
 public:
  Routes(const Clock& clock, const Readiness& readiness, std::function<bool()> store_writable,
         StaticFiles files, MetricsPage metrics)
      : clock_(clock),
        started_(clock.now()),
        readiness_(readiness),
        store_writable_(std::move(store_writable)),
        files_(std::move(files)),
        metrics_(std::move(metrics)) {}

  net::HttpResponse answer(const net::HttpRequest& request) const {
    if (request.method != "GET" && request.method != "HEAD") {
      auto response = json_response(405, R"({"error":"Method not allowed","code":"bad_request"})");
      response.headers.emplace_back("Allow", "GET, HEAD");
      return response;
    }
    if (request.path == "/health") return health();
    if (request.path == "/ready") return ready();
    if (request.path == "/metrics" && may_read_metrics(request)) return metrics();
    if (const auto* file = files_.find(request.path)) return file_response(*file);
    return json_response(404, R"({"error":"Not found","code":"not_found"})");
  }

 private:
  net::HttpResponse health() const {
    const auto uptime = std::chrono::duration<double>(clock_.now() - started_).count();
    return json_response(
        200, json::Object().add("status", "ok").add("uptime", uptime).add("redis", "disabled").str());
  }

  /// A proxy on this machine is a loopback peer that speaks for the world.
  bool may_read_metrics(const net::HttpRequest& request) const {
    switch (metrics_.readers) {
      case MetricsPage::Readers::none: return false;
      case MetricsPage::Readers::loopback: return is_loopback(request.remote_address) && !request.forwarded;
      case MetricsPage::Readers::all: return true;
    }
    return false;
  }

  net::HttpResponse metrics() const {
    net::HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = share(metrics_.text());
    response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
    return response;
  }

  net::HttpResponse ready() const {
    if (!readiness_.serving) return not_ready("starting");
    if (readiness_.draining) return not_ready("draining");
    if (!store_writable_()) return not_ready("storage_full");
    return json_response(200, R"({"ready":true})");
  }

  static net::HttpResponse not_ready(std::string_view reason) {
    return json_response(503, json::Object().add("ready", false).add("reason", reason).str());
  }

  const Clock& clock_;
  const TimePoint started_;
  const Readiness& readiness_;
  std::function<bool()> store_writable_;
  StaticFiles files_;
  MetricsPage metrics_;
};

}  // namespace

net::HttpRoutes http_routes(const Clock& clock, const Readiness& readiness,
                            std::function<bool()> store_writable, StaticFiles files, MetricsPage metrics) {
  const auto routes = std::make_shared<const Routes>(clock, readiness, std::move(store_writable),
                                                     std::move(files), std::move(metrics));
  return [routes](const net::HttpRequest& request) { return routes->answer(request); };
}

}  // namespace hawser::server
