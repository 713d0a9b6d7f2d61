#include "test/sim/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/limits.h"
#include "test/sim/server.h"

namespace hawser::sim {
namespace {

using std::chrono::seconds;

/// Calm lasts at most this long; whoever does not know everything then never will.
constexpr auto kPatience = seconds(150);

}  // namespace

Simulation::Simulation(std::uint64_t seed, const std::string& path, std::FILE* out)
    : seed_(seed), world_(seed, path, out) {
  for (std::size_t user = 0; user < world_.weather.users; ++user) {
    for (std::size_t device = 1; device <= world_.weather.devices; ++device) {
      clients_.push_back(
          std::make_unique<Client>(world_, std::string(1, static_cast<char>('a' + user)), device));
    }
  }
  for (std::size_t i = 1; i <= world_.weather.workers; ++i) {
    workers_.push_back(
        std::make_unique<Worker>(world_, "w" + std::to_string(i), i == 1 || world_.rng.one_in(2)));
  }
}

Simulation::~Simulation() {
  world_.disk.die();
  world_.server.reset();
}

std::uint64_t Simulation::run() {
  world_.record(fact("seed")
                    .add("seed", seed_)
                    .add("highWater", limits::kSendHighWater)
                    .add("queue", limits::kCommitQueueCommands));
  revive();
  for (const auto& client : clients_) client->start();
  for (const auto& worker : workers_) worker->start();
  plan_fault();
  run_until(world_.timeline.now() + seconds(world_.weather.seconds));
  calm_down();
  world_.record(fact("peaks")
                    .add("buffered", world_.peaks.buffered)
                    .add("largest", world_.peaks.largest)
                    .add("queued", world_.peaks.queued)
                    .add("steps", world_.timeline.steps()));
  read_everything(1);
  world_.leaving = true;
  for (const auto& client : clients_) client->leave();
  for (const auto& worker : workers_) worker->retire();
  run_until(world_.timeline.now() + seconds(60));
  if (world_.server) {
    auto rest = world_.server->holdings();
    world_.record(rest);
  }
  loses_power_ = true;
  bury();
  run_until(world_.timeline.now() + seconds(5));
  read_everything(2);
  delete_some();
  read_what_is_left();
  world_.record(fact("end"));
  return world_.trace.hash();
}

void Simulation::run_until(TimePoint end) {
  while (world_.timeline.step(end)) {
    if (world_.server && world_.server->is_dead()) bury();
  }
}

void Simulation::bury() {
  world_.record(fact("crash").add("power", loses_power_));
  world_.disk.die();
  world_.server.reset();
  loses_power_ ? world_.disk.lose_power(world_.rng.fork()) : world_.disk.restart();
  world_.disk.set_capacity(Disk::kUnlimited);
  for (const auto& worker : workers_) worker->on_server_death();
  loses_power_ = world_.rng.one_in(2);
  world_.timeline.after(world_.rng.micros(1'000, 1'500'000), [this] { revive(); });
}

void Simulation::revive() {
  // It may die again while it starts.
  if (!world_.calm && world_.weather.crash > 0 && world_.rng.one_in(4)) {
    world_.disk.die_at(world_.rng.between(1, 60), world_.rng.one_in(2), world_.rng.fork());
  }
  const auto failures = world_.disk.failures();
  auto opened = Server::open(world_);
  if (opened) {
    world_.server = *std::move(opened);
    return world_.record(fact("start").add("inc", world_.server->store().status().incarnation));
  }
  // Dead again, or full or failing once more: whoever looks after it starts it again.
  if (world_.disk.is_dead() || world_.disk.failures() > failures) return bury();
  world_.record(fact("refused").add("error", opened.error().message));
}

// --- Faults ---

void Simulation::plan_fault() {
  const auto mean = 1000 * world_.weather.fault_millis;
  world_.timeline.after(world_.rng.micros(mean / 4, 2 * mean), [this] {
    if (world_.calm) return;
    strike();
    plan_fault();
  });
}

void Simulation::strike() {
  const auto& w = world_.weather;
  const std::array<std::uint64_t, 10> weights = {w.crash,        w.cut,         w.black_hole, w.slow_reader,
                                                 w.clock,        w.disk_full,   w.low_space,  w.fsync,
                                                 w.worker_pause, w.worker_death};
  auto choice = world_.rng.below(std::accumulate(weights.begin(), weights.end(), std::uint64_t{1}));
  std::size_t index = 0;
  while (index < weights.size() && choice >= weights[index]) choice -= weights[index++];
  auto& rng = world_.rng;
  auto& client = *clients_[rng.below(clients_.size())];
  auto& worker = *workers_[rng.below(workers_.size())];
  const auto& connection = client.connection();
  switch (static_cast<Fault>(index)) {
    case Fault::crash: return crash();
    case Fault::cut:
      if (connection) connection->cut(rng.micros(1, 3'000'000), rng.micros(1, 3'000'000));
      return;
    case Fault::black_hole:
      if (connection) connection->cut(rng.micros(1, 25'000'000), rng.micros(20'000'000, 45'000'000));
      return;
    case Fault::slow_reader: return client.pause_reading(rng.micros(100'000, 8'000'000));
    case Fault::clock: return world_.clock.jump(static_cast<WallMillis>(rng.below(7'200'000)) - 3'600'000);
    case Fault::disk_full: return world_.disk.set_capacity(world_.disk.used_bytes() + rng.below(2'000));
    case Fault::low_space:
      world_.disk.set_capacity(world_.disk.used_bytes() + 60'000);
      return world_.timeline.after(rng.micros(100'000, 4'000'000),
                                   [this] { world_.disk.set_capacity(Disk::kUnlimited); });
    case Fault::fsync: return world_.disk.fail_next_sync();
    case Fault::worker_pause: return worker.pause(rng.micros(100'000, 8'000'000));
    case Fault::worker_death: return worker.die();
  }
}

void Simulation::crash() {
  auto& rng = world_.rng;
  loses_power_ = rng.percent(60);
  switch (rng.below(5)) {
    case 0:
      if (world_.server) world_.server->kill();
      return;
    case 4:
      if (world_.server) world_.server->drain();
      return;
    case 1: world_.doom.completions = rng.below(6); return;
    case 2: world_.doom.announcements = rng.below(3); return;
    default: return world_.disk.die_at(rng.between(1, 12), rng.one_in(2), rng.fork());
  }
}

// --- The end ---

void Simulation::calm_down() {
  world_.calm = true;
  world_.doom = {};
  world_.disk.never_die();
  world_.disk.restart();
  world_.disk.set_capacity(Disk::kUnlimited);
  world_.record(fact("calm"));
  // Connections in which nothing goes through any more are noticed in time.
  run_until(world_.timeline.now() + seconds(10));
  for (const auto& client : clients_) client->settle();
  const auto end = world_.timeline.now() + kPatience;
  do {
    run_until(world_.timeline.now() + seconds(2));
    // Whatever is sent twice, or late, comes while nobody waits for anything.
    if (is_settled()) run_until(world_.timeline.now() + seconds(10));
  } while (world_.timeline.now() < end && !is_settled());
}

bool Simulation::is_settled() {
  if (!world_.server) return false;
  auto& store = world_.server->store();
  if (std::ranges::any_of(
          clients_, &Client::is_waiting, [](const auto& client) -> auto& { return *client; }))
    return false;
  for (const auto& [job, owner] : world_.owners) {
    const auto record = store.find(job);
    if (!record || job::is_active(*record)) return false;
    for (const auto& client : clients_) {
      if (client->user() != owner) continue;
      if (!client->is_connected() || client->seen_through(job) < record->last_sequence) return false;
    }
  }
  return true;
}

void Simulation::read_everything(int round) {
  if (!world_.server) return;
  for (const auto& [job, owner] : world_.owners) read_job(job, round);
  for (std::size_t user = 0; user < world_.weather.users; ++user) {
    const auto owner = std::string(1, static_cast<char>('a' + user));
    std::string events;
    std::uint64_t through = 0;
    for (;;) {
      const auto page = world_.server->store().read_owner(owner, through, {.events = 50});
      if (!page) {
        world_.record(
            fact("stream").add("round", round).add("owner", owner).add("code", code_name(page.error().code)));
        break;
      }
      for (const auto& event : page->events) {
        events += fmt::format(R"({}[{},"{}",{}])", events.empty() ? "" : ",", event->position,
                              world_.trace.name(event->job), event->sequence);
      }
      if (page->events.empty() && page->through == page->head) {
        world_.record(fact("stream")
                          .add("round", round)
                          .add("owner", owner)
                          .add("head", page->head)
                          .raw("events", '[' + events + ']'));
        break;
      }
      if (page->through <= through) break;
      through = page->through;
    }
  }
}

void Simulation::read_job(const JobId& id, int round) {
  auto& store = world_.server->store();
  auto log = fact("log");
  log.add("round", round).add("j", world_.trace.name(id));
  const auto record = store.find(id);
  const auto input = store.input(id);
  if (!record || !input) return world_.record(log.add("code", "not_found"));
  log.add("owner", *record->owner).add("state", job::to_string(record->state));
  log.add("active", job::is_active(*record)).add("key", record->idempotency_key).raw("plan", *input);
  std::string events;
  for (std::uint64_t after = 0;;) {
    const auto page = store.read_job(id, after, {.events = 40});
    if (!page) {
      log.add("code", code_name(page.error().code));
      break;
    }
    for (const auto& event : page->events) events += (events.empty() ? "" : ",") + event_fact(*event);
    after += page->events.size();
    if (after >= page->head || page->events.empty()) {
      log.add("head", page->head);
      break;
    }
  }
  world_.record(log.raw("events", '[' + events + ']'));
}

}  // namespace hawser::sim
