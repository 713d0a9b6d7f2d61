#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "server/config.h"

namespace hawser::cli {

/// What a token says of its bearer.
struct UserToken {
  std::string user;
};
struct WorkerToken {
  std::string name;
  std::vector<std::string> types;
};
struct AdminToken {};
using TokenContent = std::variant<UserToken, WorkerToken, AdminToken>;

/// A token signed with the configured secret or, where none is configured, with the one that
/// `serve --dev` keeps in the data directory. Errors: config, unauthorized when there is no secret.
Result<std::string> mint_local_token(const server::Config& config, const TokenContent& content,
                                     WallMillis now, std::optional<Millis> lifetime);

}  // namespace hawser::cli
