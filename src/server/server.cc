#include "server/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "server/app.h"
#include "server/signals.h"

namespace hawser::server {
namespace {

constexpr int kExitConfig = 2;

/// Announces the address to whoever started us: people and scripts read standard output.
void print_ready(const Config& config, const App& app) {
  const auto host =
      config.server.host == "0.0.0.0" || config.server.host == "::" ? "127.0.0.1" : config.server.host;
  fmt::print("hawser: ready at http://{}:{}\n", host, app.port());
  if (const auto token = app.page_token()) {
    fmt::print("open http://{}:{}/#token={}\n", host, app.port(), *token);
  }
  std::fflush(stdout);
}

}  // namespace

int run(const Config& config) {
  const StopSignals signals;
  auto app = App::start(config);
  if (!app) {
    fmt::print(stderr, "hawser: {}\n", app.error().message);
    return kExitConfig;
  }
  print_ready(config, **app);
  const int signal = signals.wait();
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
