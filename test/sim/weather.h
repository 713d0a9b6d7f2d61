#pragma once

#include "test/sim/loop.h"
#include "test/sim/rng.h"

namespace hawser::sim {

/// What a seed is like. Not every fault is in every seed: what hides behind one fault shows without it.
struct Weather {
  std::uint64_t users = 1, devices = 1, workers = 2;
  bool hung_runs_end = false;        ///< a run that writes nothing for a while has failed
  std::uint64_t seconds = 20;        ///< of trouble
  std::uint64_t think_millis = 300;  ///< between two actions of a client, on average
  std::uint64_t jobs = 8;            ///< that clients may start
  std::uint64_t chunks = 12;         ///< of a job, at most
  std::uint64_t large_percent = 0;   ///< of jobs with large chunks
  std::uint64_t commit_micros = 3'000;
  std::uint64_t latency_micros = 20'000;
  Pace pace;

  std::uint64_t fault_millis = 1'500;  ///< between two faults, on average
  std::uint64_t crash = 0, cut = 0, black_hole = 0, slow_reader = 0, clock = 0, disk_full = 0, low_space = 0,
                fsync = 0, worker_pause = 0, worker_death = 0;            ///< weights of the faults
  std::uint64_t lost_percent = 0, doubled_percent = 0, late_percent = 0;  ///< of the messages of workers
};

inline Weather weather(Rng rng) {
  Weather w;
  w.users = rng.between(1, 2);
  w.devices = rng.between(1, 2);
  w.workers = rng.between(1, 3);
  w.hung_runs_end = rng.one_in(2);
  w.seconds = rng.between(6, 20);
  w.think_millis = rng.between(100, 600);
  w.jobs = rng.between(3, 10);
  w.chunks = rng.between(2, 24);
  w.large_percent = rng.one_in(3) ? rng.between(20, 80) : 0;
  w.commit_micros = rng.one_in(4) ? 200'000 : 3'000;
  w.latency_micros = rng.one_in(4) ? 400'000 : 20'000;
  w.pace.turn_micros = rng.one_in(3) ? 5'000 : 100;
  w.pace.read_micros = rng.one_in(3) ? 100'000 : 2'000;
  w.pace.stall_percent = rng.one_in(3) ? rng.between(1, 10) : 0;
  w.pace.refuse_percent = rng.one_in(4) ? 5 : 0;
  w.fault_millis = rng.between(300, 3'000);
  w.crash = rng.below(4);
  w.cut = rng.below(4);
  w.black_hole = rng.one_in(3) ? 1 : 0;
  w.slow_reader = rng.one_in(2) ? 3 : 0;
  w.clock = rng.one_in(3) ? 1 : 0;
  w.disk_full = rng.one_in(3) ? 2 : 0;
  w.low_space = rng.one_in(4) ? 1 : 0;
  w.fsync = rng.one_in(3) ? 2 : 0;
  w.worker_pause = rng.below(3);
  w.worker_death = rng.below(2);
  if (rng.one_in(2)) w.lost_percent = rng.below(20);
  if (rng.one_in(2)) w.doubled_percent = rng.below(30);
  if (rng.one_in(2)) w.late_percent = rng.below(10);
  return w;
}

}  // namespace hawser::sim
