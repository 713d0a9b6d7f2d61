#pragma once

#include "cli/tcp_probe.h"

namespace hawser::cli {

/// As http_get, over TLS. Nobody checks who answers: only for questions that tell the peer nothing.
Result<HttpAnswer> https_get(const std::string& host, std::uint16_t port, std::string_view path,
                             Millis timeout);

}  // namespace hawser::cli
