#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "test/sim/disk.h"
#include "test/sim/file_system.h"
#include "test/sim/timeline.h"
#include "test/sim/trace.h"
#include "test/sim/weather.h"

namespace hawser::sim {

class Server;

/// The next deaths of the server that are not the disk's: before this many more completions or announcements.
struct Doom {
  std::optional<std::uint64_t> completions, announcements;

  /// Counts one down; true when this is the one.
  static bool strikes(std::optional<std::uint64_t>& left) {
    if (!left || (*left)-- > 0) return false;
    left.reset();
    return true;
  }
};

/// Highest numbers seen; bounds of memory are checked on them.
struct Peaks {
  std::size_t buffered = 0;  ///< bytes of one connection
  std::size_t largest = 0;   ///< message of one
  std::size_t queued = 0;    ///< commands
};

/// What all parts of a simulation share.
struct World {
  World(std::uint64_t seed, std::string path, std::FILE* out);
  ~World();

  Duration latency() { return rng.micros(50, weather.latency_micros); }
  void record(json::Object& fact) {
    fact.add("t", timeline.micros());
    trace.add(fact);
  }
  void record(json::Object&& fact) { record(fact); }

  Rng rng;
  Weather weather;
  Trace trace;
  std::string directory;
  Timeline timeline;
  SimClock clock{timeline};
  Disk disk;
  SimEnv env{disk};
  std::unique_ptr<Server> server;  ///< null while it is down
  bool calm = false;               ///< no faults any more, and everybody comes to an end
  bool leaving = false;            ///< and nothing new begins
  Doom doom;
  Peaks peaks;
  std::map<JobId, std::string> owners;  ///< of all jobs that were acknowledged
  std::uint64_t started = 0;            ///< jobs that clients have asked for
  std::uint64_t connections = 0, commands = 0;
};

}  // namespace hawser::sim
