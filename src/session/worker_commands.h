#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "job/job_store.h"
#include "session/commands.h"
#include "socketio/packet.h"

namespace hawser::session {

// What a worker can ask for in the namespace /workers (docs/worker-protocol.md), with checked arguments.

/// A job that the worker says it holds; the lease has yet to be looked at.
struct Held {
  JobId job;
  std::string lease;
};

struct ClaimJobs {
  std::size_t max = 1;
  std::vector<std::string> types;  ///< empty: all that its token names
};
struct BeginRun {
  Held held;
  job::ContinueFrom from = job::ContinueFrom::last_event;
};
struct AppendEvents {
  Held held;
  std::uint64_t from = 0;
  std::vector<job::NewEvent> events;
};
struct RenewLeases {
  std::vector<Held> held;
};
struct FinishRun {
  Held held;
  job::EventKind outcome = job::EventKind::completed;
  std::string payload;  ///< as in job::Finish
  bool retryable = false;
};
struct ReleaseJob {
  Held held;
};

using WorkerCommand =
    std::variant<ClaimJobs, BeginRun, AppendEvents, RenewLeases, FinishRun, ReleaseJob, RefreshAuth>;

/// Reads one event of the namespace. Errors: bad_request (unknown event, missing or wrong argument: the text
/// names it), not_found (an id that no job can have).
Result<WorkerCommand> parse_worker_command(const socketio::Packet& packet);

}  // namespace hawser::session
