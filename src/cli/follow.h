#pragma once

#include <functional>
#include <string>
#include <variant>

#include "base/error.h"
#include "cli/connection_flags.h"
#include "cli/job_follower.h"

namespace hawser::cli {

/// What `run` and `watch` share: connects and shows a job until its end.
struct FollowRequest {
  std::variant<JobFollower::NewJob, std::string> job;  ///< a new one, or the id of one
  remote::Client::Options connection;
  bool json = false;
  bool quiet = false;
};

/// Returns the exit code.
int follow(FollowRequest request);

}  // namespace hawser::cli
