#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/error.h"
#include "job/job_store.h"
#include "net/server.h"

/// What administrators may ask for, read from a request. Pure.
namespace hawser::server::admin {

struct ListJobs {
  job::JobFilter filter;
  std::optional<JobId> after;
  std::size_t limit = 0;
};
struct ShowJob {
  JobId id;
};
struct ShowEvents {
  JobId id;
  std::uint64_t after = 0;
  std::size_t limit = 0;
};
struct ShowQueues {};
struct RetryJob {
  JobId id;
};
struct CancelJob {
  JobId id;
  std::string reason;
};
struct PurgeJob {
  JobId id;
};
using Request = std::variant<ListJobs, ShowJob, ShowEvents, ShowQueues, RetryJob, CancelJob, PurgeJob>;

/// Whether the path is ours: /admin and all below it.
bool is_admin_path(std::string_view path);

/// Nothing when there is no such path. Errors: bad_request, when path and method do not go together, a
/// parameter is unknown, there twice or not valid, or there is a body.
Result<std::optional<Request>> read_request(const net::HttpRequest& request);

}  // namespace hawser::server::admin
