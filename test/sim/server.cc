#include "test/sim/server.h"

#include <utility>

#include "base/limits.h"
#include "session/wire_event.h"

namespace hawser::sim {
namespace {

constexpr std::string_view kRecoveryKey = "the key of all simulated servers";
constexpr std::uint64_t kReserve = 64 * 1024;

/// Short, so that retries end within the calm.
job::Policy policy(const Weather& weather) {
  job::Policy policy;
  policy.backoff = Millis(500);
  policy.max_backoff = Millis(2'000);
  if (weather.hung_runs_end) policy.idle_timeout = Millis(5'000);
  return policy;
}

/// Nothing is as old as that before a seed's end makes it so (deletions.cc).
job::Retention retention() {
  job::Retention retention;
  for (auto& bounds : retention.bounds) bounds.max_age = limits::kMinEndedAge;
  return retention;
}

}  // namespace

const session::Authenticator& authenticator() {
  static const auto made =
      *session::Authenticator::make(session::Algorithm::hs256, "an unguessable key of over 32 bytes, 7f3a9c");
  return made;
}

Server::Server(World& world)
    : world_(world),
      random_(world.rng.fork()),
      loops_{SimLoop(0, world.timeline, world.clock, world.rng.fork(), world.weather.pace),
             SimLoop(1, world.timeline, world.clock, world.rng.fork(), world.weather.pace)},
      pool_(world.timeline, world.rng.fork(), world.weather.pace) {}

Result<std::unique_ptr<Server>> Server::open(World& world) {
  std::unique_ptr<Server> server(new Server(world));
  if (auto opened = server->open_store(); !opened) return std::unexpected(opened.error());
  server->build();
  return server;
}

Server::~Server() {
  kill();
  for (const auto& connection : connections_) connection->bury();
  if (store_) store_->stop();  // What still waits in it knows the others.
}

Status Server::open_store() {
  store::RocksDbOptions options{.directory = world_.directory, .clock = world_.clock, .random = random_};
  options.env = &world_.env;
  options.reserve_bytes = kReserve;
  options.fatal = [this](const std::string&) { kill(); };
  options.commits_on = store::CommitsOn::pump;
  options.policies = std::make_shared<const job::Policies>(
      policy(world_.weather), std::map<std::string, job::Policy, std::less<>>{}, job::Quota{}, retention());
  auto opened = store::RocksDbJobStore::open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  store_ = *std::move(opened);
  return {};
}

void Server::build() {
  watched_ = std::make_unique<WatchedStore>(world_, *this, *store_);
  jobs_ =
      std::make_unique<job::JobService>(*watched_, pool_, world_.clock, random_,
                                        std::map<std::string, job::InputCheck, std::less<>>{{"work", {}}});
  leases_ = std::make_unique<session::LeaseSeal>(std::string(kRecoveryKey));
  recovery_ = std::make_unique<session::Recovery>(std::string(kRecoveryKey), store_->status().incarnation);
  std::vector<fanout::Hub*> hubs;
  for (auto& loop : loops_) {
    hubs_.push_back(std::make_unique<fanout::Hub>(loop, *jobs_, [this](const job::Event& event) {
      return session::encode_event(event, recovery_->offset_text({event.position, {}}));
    }));
    hubs.push_back(hubs_.back().get());
    auto& other = loops_[1 - loop.index()];
    cores_.push_back(std::make_unique<session::Core>(session::Parts{
        .loop = loop,
        .jobs = *jobs_,
        .hub = *hubs_.back(),
        .authenticator = authenticator(),
        .random = random_,
        .recovery = *recovery_,
        .commands = *watched_,
        .leases = *leases_,
        .close_older_elsewhere =
            [this, &other](const std::string& sid, TimePoint connected_at) {
              other.post([this, &other, sid, connected_at] {
                cores_[other.index()]->close_older(sid, connected_at);
              });
            },
    }));
  }
  wakeup_ = std::make_unique<fanout::LocalWakeup>(hubs);
  watched_->set_listener([this](const auto& group) { wakeup_->announce(group); });
  sweep();
}

std::shared_ptr<Connection> Server::connect() {
  const auto core = world_.rng.below(kCores);
  std::erase_if(connections_, [](const auto& connection) { return !connection->has_handler(); });
  auto connection = std::make_shared<Connection>(world_, loops_[core], ++world_.connections);
  connection->set_handler(cores_[core]->make_session(*connection, {}));
  connections_.push_back(connection);
  return connection;
}

void Server::drain() {
  jobs_->drain();
  for (const auto& core : cores_) core->announce_shutdown();
  world_.timeline.after(world_.rng.micros(1'000, 300'000), lifetime_.guard([this] {
    for (const auto& connection : connections_) connection->close(CloseReason::going_away);
  }));
  world_.timeline.after(world_.rng.micros(300'000, 900'000), lifetime_.guard([this] {
    watched_->stop();
    kill();
  }));
}

void Server::schedule_commit() {
  if (std::exchange(commit_scheduled_, true)) return;
  world_.timeline.after(world_.rng.micros(1, world_.weather.commit_micros),
                        lifetime_.guard([this] { commit(); }));
}

void Server::sweep() {
  if (!world_.leaving) watched_->submit_as("sweep", job::Sweep{}, [](const auto&) {});
  world_.timeline.after(limits::kSweepInterval, lifetime_.guard([this] { sweep(); }));
}

void Server::commit() {
  commit_scheduled_ = false;
  store_->pump();
  if (store_->status().queued_commands > 0) schedule_commit();
}

json::Object Server::holdings() const {
  std::size_t sessions = 0, followed = 0, timers = 0, connections = 0;
  for (std::size_t i = 0; i < kCores; ++i) {
    sessions += cores_[i]->sessions();
    followed += hubs_[i]->followed_owners();
    timers += loops_[i].timers();
  }
  std::int64_t gauges = 0;
  for (const auto& core : cores_) {
    const auto& g = core->gauges();
    gauges += g.clients.value() + g.subscriptions.value() + g.pending_commands.value() + g.catch_ups.value() +
              g.attachment_bytes.value();
  }
  for (const auto& connection : connections_) connections += connection->has_handler() ? 1 : 0;
  auto rest = fact("rest");
  rest.add("sessions", sessions).add("followed", followed).add("timers", timers).add("gauges", gauges);
  rest.add("connections", connections).add("reads", pool_.waiting());
  rest.add("queued", store_->status().queued_commands);
  return rest;
}

}  // namespace hawser::sim
