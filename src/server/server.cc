#include "server/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/web_url.h"
#include "server/app.h"
#include "server/signals.h"
#include "server/tls.h"

namespace hawser::server {
namespace {

constexpr int kExitConfig = 2;

/// Announces the address to whoever started us: people and scripts read standard output.
void print_ready(const Config& config, const App& app) {
  const auto host =
      config.server.host == "0.0.0.0" || config.server.host == "::" ? "127.0.0.1" : config.server.host;
  const auto url = fmt::format("{}://{}", has_tls(config) ? "https" : "http", authority(host, app.port()));
  fmt::print("hawser: ready at {}\n", url);
  if (const auto token = app.page_token()) fmt::print("open {}/#token={}\n", url, *token);
  std::fflush(stdout);
}

/// Renewed certificates are announced by SIGHUP; anything wrong with them must not end what runs.
int serve_until_stopped(const Signals& signals, App& app) {
  while (true) {
    const int signal = signals.wait();
    if (signal != SIGHUP) return signal;
    const auto reloaded = app.reload_tls();
    if (!reloaded) spdlog::error("SIGHUP: nothing has changed. {}", reloaded.error().message);
  }
}

}  // namespace

int run(const Config& config) {
  const Signals signals;
  auto app = App::start(config);
  if (!app) {
    fmt::print(stderr, "hawser: {}\n", app.error().message);
    return kExitConfig;
  }
  print_ready(config, **app);
  const int signal = serve_until_stopped(signals, **app);
  spdlog::info("{}: draining, up to {} s; a second signal ends at once",
               signal == SIGTERM ? "SIGTERM" : "SIGINT", config.server.drain.count());
  signals.end_at_next();
  const bool clean = (*app)->drain();
  spdlog::info("stopped");
  spdlog::default_logger()->flush();
  if (!clean)
    std::_Exit(0);  // A handler that does not return still uses what the destructors would take away.
  return 0;
}

}  // namespace hawser::server
