#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"

/// What administrators are answered (server/admin_json.h), for people. Each text ends with a new line.
namespace hawser::cli {

/// A line a job: id, state, age, attempt, type, user, last error. `with_head`: and one above with their
/// names.
std::string job_rows(const json::View& jobs, WallMillis now, bool with_head);
/// A line a fact.
std::string job_facts(const json::View& answer);
/// A line a type.
std::string queue_rows(const json::View& answer);

}  // namespace hawser::cli
