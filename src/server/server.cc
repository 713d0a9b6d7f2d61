#include "server/server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "server/app.h"

namespace hawser::server {
namespace {

constexpr int kExitConfig = 2;

/// SIGTERM and SIGINT are taken by `sigwait` on the main thread; every thread started after this has them
/// blocked. A peer that closes must not end the process.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int wait_for(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) continue;
  return signal;
}

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

/// A drain is patient; a second signal is not.
void end_at_second_signal(const sigset_t& signals) {
  std::thread([signals] {
    wait_for(signals);
    spdlog::warn("second signal: ending at once; the next start recovers");
    spdlog::default_logger()->flush();
    std::_Exit(130);
  }).detach();
}

}  // namespace

int run(const Config& config) {
  const auto signals = block_signals();
  auto app = App::start(config);
  if (!app) {
    fmt::print(stderr, "hawser: {}\n", app.error().message);
    return kExitConfig;
  }
  print_ready(config, **app);
  const int signal = wait_for(signals);
  spdlog::info("{}: draining, up to {} s; a second signal ends at once",
               signal == SIGTERM ? "SIGTERM" : "SIGINT", config.server.drain.count());
  end_at_second_signal(signals);
  const bool clean = (*app)->drain();
  spdlog::info("stopped");
  spdlog::default_logger()->flush();
  if (!clean)
    std::_Exit(0);  // A handler that does not return still uses what the destructors would take away.
  return 0;
}

}  // namespace hawser::server
