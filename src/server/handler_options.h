#pragma once

#include "base/error.h"
#include "server/config.h"
#include "worker/handlers.h"

namespace hawser::server {

/// What the built-in handlers need to know of the configuration.
/// Reads llm.api_key_file. Errors (config) name it.
Result<worker::HandlerOptions> handler_options(const Config& config);

}  // namespace hawser::server
