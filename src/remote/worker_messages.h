#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "job/job_store.h"

namespace hawser::remote {

// The worker's side of docs/worker-protocol.md as text: arguments that we write, bodies that we read. What
// cannot be read is `internal`: the server is not one of ours.

struct LeasedJob {
  job::ClaimedJob claimed;
  std::string lease;
};

std::string claim_argument(const job::Claim& command);
std::string renew_argument(const JobId& job, std::string_view lease);
std::string begin_argument(const job::Begin& command, std::string_view lease);
std::string append_argument(const job::Append& command, std::string_view lease);
std::string finish_argument(const job::Finish& command, std::string_view lease);
std::string release_argument(const job::Release& command, std::string_view lease);

/// The first job of a claim's answer; nothing when it has none.
Result<std::optional<LeasedJob>> read_claimed(std::string_view body);
/// Of begin, append, finish and release.
Result<job::Reply> read_done(std::string_view body);
/// The error of the only lease that was renewed; nothing when it stands.
Result<std::optional<Error>> read_lost(std::string_view body);

}  // namespace hawser::remote
