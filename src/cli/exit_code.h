#pragma once

#include "base/error.h"

namespace hawser::cli {

/// How `hawser run`, `watch` and `cancel` tell a script what happened. Part of the interface.
enum class ExitCode : int {
  completed = 0,
  failed = 1,     ///< the job failed, or the command was refused
  usage = 2,      ///< wrong arguments or configuration
  cancelled = 3,  ///< the job was cancelled
  no_access = 4,  ///< the server cannot be reached or does not accept the token
  left = 130,     ///< the user left; the job goes on
};

constexpr int to_int(ExitCode code) {
  return static_cast<int>(code);
}

constexpr ExitCode exit_code_for(Errc code) {
  switch (code) {
    case Errc::bad_request:
    case Errc::config: return ExitCode::usage;
    case Errc::unauthorized:
    case Errc::unavailable: return ExitCode::no_access;
    default: return ExitCode::failed;
  }
}

}  // namespace hawser::cli
