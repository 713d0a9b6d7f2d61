#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "server/config.h"

namespace hawser::cli {

/// A token signed with the configured secret or, where none is configured, with the one that
/// `serve --dev` keeps in the data directory. Errors: config, unauthorized when there is no secret.
Result<std::string> mint_local_token(const server::Config& config, std::string_view user, WallMillis now,
                                     std::optional<Millis> lifetime);

}  // namespace hawser::cli
