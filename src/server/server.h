#pragma once

#include "server/config.h"

namespace hawser::server {

/// Runs the server until SIGTERM or SIGINT and its drain, or until a second one, which ends it at once.
/// SIGHUP reads certificate and key again. Prints the ready line to standard output, logs to standard error.
/// Returns the exit code: 0 after a drain, 2 when the configuration or the data directory does not allow a
/// start.
int run(const Config& config);

}  // namespace hawser::server
