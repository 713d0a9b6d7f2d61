#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engineio/handshake.h"

namespace hawser::net {

/// Which pages may talk to us, and the CORS headers that tell their browsers (Fetch standard, CORS
/// protocol). Immutable; any thread.
class OriginPolicy {
 public:
  /// "*" allows every origin, then without credentials.
  explicit OriginPolicy(std::vector<std::string> allowed);

  /// `host` is the Host header: a page that this server delivered itself is always allowed. Requests
  /// without Origin do not come from a page and are allowed.
  engineio::OriginVerdict judge(std::string_view origin, std::string_view host) const;
  /// Header lines for any answer to a request with this Origin; empty when it gets none.
  std::string response_headers(std::string_view origin, std::string_view host) const;
  /// Further lines for the answer to a preflight.
  static std::string preflight_headers(std::string_view requested_headers);

 private:
  bool allows(std::string_view origin) const;

  std::vector<std::string> allowed_;
  bool any_ = false;
};

}  // namespace hawser::net
