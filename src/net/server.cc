#include "net/server.h"

#include <utility>

#include "net/core.h"
#include "net/listener.h"
#include "net/session_id.h"

namespace hawser::net {
namespace {

using namespace std::chrono_literals;

/// Stopping waits so long for polling clients that are between two polls, to tell them.
constexpr auto kLastPollGrace = 1s;

template <std::size_t N>
void add_up(std::array<std::int64_t, N>& sums, const std::array<Counter, N>& counters) {
  for (std::size_t i = 0; i < N; ++i) sums[i] += counters[i].value();
}

}  // namespace

struct Server::State {
  std::shared_ptr<ServerContext> context;
  std::vector<std::shared_ptr<Core>> cores;
  std::uint16_t port = 0;
  bool running = false;

  void on_each_core(void (*task)(Core&)) {
    for (const auto& core : cores) core->post(task);
  }
};

Server::Server(ServerConfig config, const std::vector<runtime::AsioLoop*>& loops, Random& random,
               std::vector<Endpoint> endpoints, HttpRoutes routes, HttpService service)
    : state_(std::make_shared<State>()) {
  state_->context = std::make_shared<ServerContext>(std::move(config), random, std::move(endpoints),
                                                    std::move(routes), std::move(service));
  for (auto* loop : loops) {
    state_->cores.push_back(
        std::make_shared<Core>(state_->context, *loop, state_->cores.size(), loops.size()));
  }
  state_->context->cores.assign(state_->cores.begin(), state_->cores.end());
}

Server::~Server() {
  if (state_->running) stop(CloseReason::going_away, TimePoint::min());
}

Status Server::start() {
  auto& cores = state_->cores;
  const auto& config = state_->context->config;
  if (cores.empty() || cores.size() > kMaxCores)
    return fail(Errc::config, "the number of loops must be 1 to 4096");
  state_->port = config.port;
  std::vector<std::shared_ptr<Listener>> listeners;
  for (const auto& core : cores) {
    auto listener = Listener::open(*core, config.host, state_->port,
                                   listeners.empty() ? Listener::Claim::first : Listener::Claim::joining);
    if (!listener) return std::unexpected(listener.error());
    state_->port = (*listener)->port();
    listeners.push_back(std::move(*listener));
  }
  for (std::size_t i = 0; i < cores.size(); ++i) {
    cores[i]->post(
        [listener = std::move(listeners[i])](Core& core) mutable { core.listen(std::move(listener)); });
  }
  state_->running = true;
  return {};
}

std::uint16_t Server::port() const {
  return state_->port;
}

void Server::use_tls(std::shared_ptr<const TlsContext> tls) {
  state_->context->use_tls(std::move(tls));
}

void Server::refuse_new_sessions() {
  state_->context->refuses_sessions = true;
}

void Server::stop(CloseReason reason, TimePoint deadline) {
  if (!std::exchange(state_->running, false)) return;
  auto& context = *state_->context;
  refuse_new_sessions();
  context.stopping = true;
  for (const auto& core : state_->cores) {
    core->post([reason](Core& own) {
      own.stop_listening();
      own.close_sessions(reason);
    });
  }
  const auto grace = std::chrono::steady_clock::now() + kLastPollGrace;
  context.sessions->wait_until_empty(std::min(deadline, grace));
  state_->on_each_core([](Core& core) { core.end_waiting(); });
  context.connections->wait_until_empty(deadline);
  state_->on_each_core([](Core& core) { core.drop_connections(); });
  context.connections->wait_until_empty(TimePoint::max());
  context.turned_away->wait_until_empty(TimePoint::max());
  context.sessions->wait_until_empty(TimePoint::max());
}

std::size_t Server::max_connections() const {
  return state_->context->config.max_connections;
}

Server::Gauges Server::gauges() const {
  Gauges sum;
  sum.connections = state_->context->connections->size();
  sum.sessions = state_->context->sessions->size();
  for (const auto& core : state_->cores) {
    const auto& own = core->gauges();
    sum.unauthenticated += own.unauthenticated.value();
    sum.lingering += own.lingering.value();
    sum.upgrades += own.upgrades.value();
    sum.send_bytes += own.send_bytes.value();
    sum.receive_bytes += own.receive_bytes.value();
    sum.opened += own.opened.value();
    add_up(sum.endings, own.endings);
    add_up(sum.refusals, own.refusals);
    add_up(sum.refused_requests, own.refused_requests);
    add_up(sum.websocket_faults, own.websocket_faults);
  }
  return sum;
}

}  // namespace hawser::net
