#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "job/event.h"
#include "job/job_store.h"
#include "job/record.h"

/// What a command does to one job, decided without any I/O: a copy of the record and the command go in,
/// the new record and the new events come out. All stores share these functions, so the rules of job_store.h
/// and DESIGN 5 are written once. Stateless; any thread.
namespace hawser::job {

/// Bounds of one job's log. Stores use the defaults; tests make them small.
struct LogLimits {
  std::uint64_t events = limits::kMaxEventsPerJob;
  std::uint64_t bytes = limits::kMaxLogBytesPerJob;
};

/// A decision, to be written in one atomic step.
struct Change {
  JobRecord record;            ///< as it will stand, but for the positions
  std::vector<Event> events;   ///< to append; they get their positions from `assign_positions`
  bool changed = false;        ///< false: a repetition, there is nothing to write
  bool revoked = false;        ///< a holder lost its right to write and did not ask for that
  std::optional<Error> error;  ///< what the command answers although its change is written (output_limit)
};

JobRecord create(const Start& command, WallMillis now);
/// The record leased to a new holder: epoch +1.
JobRecord lease(const JobRecord& record, std::string_view holder);
/// The record without its holder, queued again: after Release, and for the holders of a process that died.
JobRecord take_back(const JobRecord& record);

Result<Change> decide(const JobRecord& record, const Begin& command, WallMillis now, const LogLimits& limits);
Result<Change> decide(const JobRecord& record, Append command, WallMillis now, const LogLimits& limits);
Result<Change> decide(const JobRecord& record, Finish command, WallMillis now, const LogLimits& limits);
Result<Change> decide(const JobRecord& record, const Release& command, WallMillis now,
                      const LogLimits& limits);
Result<Change> decide(const JobRecord& record, const Cancel& command, WallMillis now,
                      const LogLimits& limits);
Result<Change> decide(const JobRecord& record, const Resume& command, WallMillis now,
                      const LogLimits& limits);

/// Numbers the events of a change within their owner's stream, on from `owner_head`, which moves along.
void assign_positions(Change& change, std::uint64_t& owner_head);

/// The answer to a command without an error.
Reply reply_to(const JobRecord& record, bool duplicate);

}  // namespace hawser::job
