#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <variant>

#include "base/error.h"
#include "base/id.h"
#include "base/time.h"
#include "socketio/packet.h"

namespace hawser::session {

// What a client can ask for (original-contract 1.2, DESIGN 4), with checked arguments.

struct StartJob {
  std::string type;
  std::string input;  ///< JSON; `{}` when it was left out
  std::string idempotency_key;
  int priority = 0;  ///< among the user's own jobs, -kMaxPriority to kMaxPriority
  Millis delay{0};
};
struct SubscribeJob {
  JobId job;
};
struct UnsubscribeJob {
  JobId job;
};
/// The argument is the id, or `{jobId, reason?}`.
struct CancelJob {
  JobId job;
  std::string reason;
};
struct ResumeJob {
  JobId job;
};
struct ReconnectSync {
  JobId job;
  std::uint64_t last_sequence = 0;
};
struct RefreshAuth {
  std::string token;
};

using Command =
    std::variant<StartJob, SubscribeJob, UnsubscribeJob, CancelJob, ResumeJob, ReconnectSync, RefreshAuth>;

/// Why a command was not understood. The error names the field; `job_id` is what the client called the
/// job, empty when it did not.
struct BadCommand {
  Error error;
  std::string job_id;
};

/// Reads one event of the default namespace. Errors: bad_request (unknown event, missing or wrong
/// argument), bad_sequence, not_found (an id that no job can have).
std::expected<Command, BadCommand> parse_command(const socketio::Packet& packet);

}  // namespace hawser::session
