#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "server/config.h"

namespace hawser::cli {

enum class Verdict { ok, warning, failure };

/// One line of the doctor's report.
struct Finding {
  Verdict verdict = Verdict::ok;
  std::string subject;
  std::string text;  ///< for warnings and failures also what to do
};

// Each examines one thing that `hawser serve` needs. They block, for at most a few seconds.

Finding check_secret(const server::Config& config);
/// Certificate and key fit together, and for how long.
Finding check_tls(const server::Config& config);
/// Writable, and locked by nobody or by a running server.
Finding check_data_directory(const server::Config& config);
Finding check_free_space(const server::Config& config);
/// Looks through the store when no server holds it, and changes nothing.
Finding check_store(const server::Config& config);
/// The port is free, or a Hawser answers there.
Finding check_port(const server::Config& config);
Finding check_search_folder(const server::Config& config);
Finding check_llm(const server::Config& config);
Finding check_redis(const server::Config& config);

std::vector<Finding> examine(const server::Config& config);
/// Brings a store that does not open back to its last consistent state (store/store_repair.h), and tells what
/// that has cost. Only while no server holds the directory.
std::vector<Finding> repair(const server::Config& config);
/// "ok    port          3000 is free".
std::string to_line(const Finding& finding);
bool has_failure(const std::vector<Finding>& findings);

}  // namespace hawser::cli
