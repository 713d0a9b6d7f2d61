#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

/// What the configuration says about the built-in handlers. Plain values, filled at start.
namespace hawser::worker {

/// One entry of [exec.commands.NAME].
struct ExecCommand {
  std::vector<std::string> argv;  ///< run as it stands, without a shell
  bool restartable = false;       ///< may run again from its beginning after an interruption
  bool allow_args = false;        ///< the job's `args` are appended
};

struct ExecOptions {
  std::map<std::string, ExecCommand, std::less<>> commands;  ///< empty: exec jobs are refused
  /// The program that is started as `PROGRAM exec-supervisor ARGV…` (see exec_supervisor.h).
  std::string supervisor = "/proc/self/exe";
};

struct LlmOptions {
  std::string base_url;  ///< "/chat/completions" is appended; empty: llm jobs are refused
  std::string api_key;   ///< empty: no Authorization header
  std::string model;     ///< for jobs that name none
  std::chrono::seconds connect_timeout{10};
  /// The endpoint may be silent for this long, before the first token too.
  std::chrono::seconds idle_timeout{60};
};

}  // namespace hawser::worker
