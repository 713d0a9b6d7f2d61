#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "test/sim/client.h"
#include "test/sim/worker.h"
#include "test/sim/world.h"

namespace hawser::sim {

/// One seed from its beginning to its end: trouble, then calm until everybody knows everything, then what the
/// disk says, twice, and once more after some jobs were deleted.
class Simulation {
 public:
  /// `path`: a directory of this process alone, for the lock of the store. `out`: where the history goes, or
  /// null.
  Simulation(std::uint64_t seed, const std::string& path, std::FILE* out);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  /// Returns the hash of the history.
  std::uint64_t run();

 private:
  enum class Fault {
    crash,
    cut,
    black_hole,
    slow_reader,
    clock,
    disk_full,
    low_space,
    fsync,
    worker_pause,
    worker_death
  };

  void run_until(TimePoint end);
  void step_or_bury();
  /// The server is dead: what it held is gone, and another one starts on what is left of the disk.
  void bury();
  void revive();

  void plan_fault();
  void strike();
  void crash();
  void crash_later();

  void calm_down();
  bool is_settled();
  void read_everything(int round);
  void read_job(const JobId& id, int round);
  void delete_some();
  void sweep();
  void read_what_is_left();

  std::uint64_t seed_;
  World world_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool loses_power_ = false;
};

}  // namespace hawser::sim
