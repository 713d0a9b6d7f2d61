#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "test/sim/server.h"
#include "test/sim/simulation.h"

// The last thing that happens: some jobs are deleted while the power fails.
namespace hawser::sim {

using std::chrono::seconds;

void Simulation::delete_some() {
  if (!world_.server) return;
  auto& rng = world_.rng;
  const bool by_age = rng.one_in(3);
  if (by_age) {
    sweep();  // From now on the clock is watched.
    run_until(world_.timeline.now() + std::chrono::hours(3));
    if (!world_.server) return;
  }
  if (rng.one_in(2)) world_.disk.die_at(rng.between(1, 4), rng.one_in(2), rng.fork());
  if (by_age) {
    world_.record(fact("aged"));
    sweep();
  }
  for (const auto& [job, owner] : world_.owners) {
    if (!by_age && rng.one_in(2)) {
      world_.server->store().submit_as("admin", job::Purge{job}, [](const auto&) {});
    }
  }
  // Some of the commands may not have been committed yet.
  run_until(world_.timeline.now() + std::chrono::microseconds(rng.one_in(2) ? rng.below(5'000) : 5'000'000));
  world_.disk.never_die();
  if (world_.server) {
    loses_power_ = rng.one_in(2);
    bury();
  }
  run_until(world_.timeline.now() + seconds(5));
}

void Simulation::sweep() {
  world_.server->store().submit_as("admin", job::Sweep{}, [](const auto&) {});
}

/// An owner's stream from the last deleted event on, and that there is none below.
void Simulation::read_what_is_left() {
  if (!world_.server) return;
  auto& store = world_.server->store();
  std::map<std::string, std::uint64_t> floors;
  for (const auto& [job, owner] : world_.owners) {
    auto& floor = floors[owner];
    const auto tombstone = store.tombstone(job);
    if (tombstone) {
      floor = std::max(floor, tombstone->last_position);
      world_.record(fact("log").add("round", 3).add("j", world_.trace.name(job)).add("code", "gone"));
    } else {
      read_job(job, 3);
    }
  }
  for (const auto& [owner, floor] : floors) {
    const auto page = store.read_owner(owner, floor, {.events = 1'000'000, .bytes = 1'000'000'000});
    auto left = fact("left").add("owner", owner).add("floor", floor);
    if (floor > 0) {
      const auto below = store.read_owner(owner, floor - 1, {});
      left.add("below", below ? "read" : std::string(code_name(below.error().code)));
    }
    if (page) {
      left.add("head", page->head).add("events", page->events.size());
    } else {
      left.add("code", code_name(page.error().code));
    }
    world_.record(left);
  }
}

}  // namespace hawser::sim
