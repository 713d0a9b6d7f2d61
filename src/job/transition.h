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
#include "job/policy.h"
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

/// What decides beside the record and the command.
struct Rules {
  LogLimits log{};
  Policy policy{};  ///< of the job's type
};

/// What of a job has run out of time.
enum class Overdue : std::uint8_t {
  lease,     ///< its holder was not heard of
  idle,      ///< Policy::idle_timeout
  deadline,  ///< Policy::deadline
};

/// A decision, to be written in one atomic step.
struct Change {
  JobRecord record;            ///< as it will stand, but for the positions
  std::vector<Event> events;   ///< to append; they get their positions from `assign_positions`
  bool changed = false;        ///< false: a repetition, there is nothing to write
  bool revoked = false;        ///< a holder lost its right to write and did not ask for that
  std::optional<Error> error;  ///< what the command answers although its change is written (output_limit)
};

/// {"error","code"} as `failed` events carry it; the text is cut to limits::kMaxErrorText.
std::string failure_payload(const Error& error);

JobRecord create(const Start& command, WallMillis now);
/// The record leased to a new holder: epoch +1.
JobRecord lease(const JobRecord& record, const Claim& command);
/// The record without its holder, queued again: for leases that ran out, and holders of a process that died.
JobRecord take_back(const JobRecord& record);
/// Ends a job that is not to be handed out again, because its attempts are used up; nothing for others.
std::optional<Change> end_exhausted(const JobRecord& record, WallMillis now, const Rules& rules);
/// What time demands of a job (Sweep).
Change decide_due(const JobRecord& record, Overdue what, WallMillis now, const Rules& rules);

Result<Change> decide(const JobRecord& record, const Renew& command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, const Begin& command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, Append command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, Finish command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, const Release& command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, const Cancel& command, WallMillis now, const Rules& rules);
Result<Change> decide(const JobRecord& record, const Resume& command, WallMillis now, const Rules& rules);

/// Numbers the events of a change within their owner's stream, on from `owner_head`, which moves along.
void assign_positions(Change& change, std::uint64_t& owner_head);

/// The answer to a command without an error.
Reply reply_to(const JobRecord& record, bool duplicate);

}  // namespace hawser::job
