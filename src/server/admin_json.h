#pragma once

#include <string>

#include "job/job_store.h"

/// What administrators are shown, as JSON.
namespace hawser::server {

/// The facts of a job's record, its place in the queue among them.
std::string job_json(const job::JobRecord& record, WallMillis now);
/// {"jobs":[…],"next":id or null}
std::string list_json(const job::JobList& list, WallMillis now);
/// {"events":[{"sequence","event","attempt","timestamp","payload"}],"head"}, payloads as in job::Event
std::string events_json(const job::JobPage& page);
/// {"types":[{"type","queued","delayed","held","oldestQueuedMs"}],"complete"}
std::string queues_json(const job::Queues& queues, WallMillis now);

}  // namespace hawser::server
