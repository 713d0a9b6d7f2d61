#pragma once

#include <string>

#include "base/error.h"
#include "server/config.h"

namespace hawser::server {

/// Reads a TOML file into `config`. Errors (config) begin with "file:line:".
Status apply_file(Config& config, const std::string& path);

}  // namespace hawser::server
