#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/limits.h"
#include "base/time.h"

namespace hawser::server {

/// Defaults are those that the official protocol test suites expect.
struct ConformanceOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;  ///< 0: any free one
  Millis ping_interval{300};
  Millis ping_timeout{200};
  Millis connect_timeout{1'000};
  std::size_t max_payload = limits::kMaxPayload;
  /// 0: one a processor core. With more than one, requests that a suite sends at the same time over several
  /// connections may be handled in any order, as in production.
  std::size_t loops = 1;
  bool recovery = false;  ///< connection state recovery
};

/// Runs the protocols of the product under a small application that test suites know (docs/protocol.md,
/// "Conformance mode"), open to everybody and without a store, until SIGTERM or SIGINT. Prints the ready
/// line to standard output. Returns the exit code: 0, or 2 when it cannot listen.
int run_conformance(const ConformanceOptions& options);

}  // namespace hawser::server
