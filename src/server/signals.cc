#include "server/signals.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <thread>

namespace hawser::server {
namespace {

int wait_for(const sigset_t& signals) {
  int signal = 0;
  while (sigwait(&signals, &signal) != 0) continue;
  return signal;
}

}  // namespace

Signals::Signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int Signals::wait() const {
  return wait_for(signals_);
}

void Signals::end_at_next() const {
  std::thread([signals = signals_] {
    while (wait_for(signals) == SIGHUP) continue;
    spdlog::warn("second signal: ending at once; the next start recovers");
    spdlog::default_logger()->flush();
    std::_Exit(130);
  }).detach();
}

}  // namespace hawser::server
