#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "job/record.h"

namespace hawser::job {

/// Which jobs an administrator wants to see; what is empty does not matter.
struct JobFilter {
  std::optional<JobState> state;
  /// Failed, and nobody has asked for another run: the dead letters.
  bool dead = false;
  std::string type;
  std::string owner;

  bool accepts(const JobRecord& record) const {
    if (state && record.state != *state) return false;
    if (dead && (record.state != JobState::failed || is_active(record))) return false;
    return (type.empty() || *record.type == type) && (owner.empty() || *record.owner == owner);
  }
};

struct JobList {
  std::vector<JobRecord> jobs;  ///< the newest first
  /// Where to go on; nothing at the end. A page may be short, or empty, and have a next one.
  std::optional<JobId> next;
};

/// Where a job stands among those of its type.
enum class Place : std::uint8_t { none, queued, delayed, held };
inline Place place_of(const JobRecord& record, WallMillis now) {
  if (!record.holder.empty()) return Place::held;
  if (!record.queued) return Place::none;
  return record.not_before > now ? Place::delayed : Place::queued;
}

/// The active jobs of one type.
struct QueueFacts {
  std::uint64_t queued = 0;
  std::uint64_t delayed = 0;  ///< will be queued later: a delayed start, or a pause before a retry
  std::uint64_t held = 0;     ///< a worker has them
  WallMillis oldest = 0;      ///< start of the oldest queued one; 0 when there is none

  void add(const JobRecord& record, WallMillis now);
};
struct Queues {
  std::map<std::string, QueueFacts> types;
  bool complete = true;  ///< false: there are more active jobs than one look counts
};

}  // namespace hawser::job
