#include "cli/local_token.h"

#include <fmt/format.h>

#include "server/secrets.h"

namespace hawser::cli {
namespace {

Result<session::Authenticator> local_authenticator(const server::Config& config) {
  if (server::has_configured_key(config)) return server::configured_authenticator(config);
  auto secret = server::load_dev_secret(config.server.data_dir);
  if (!secret && secret.error().code == Errc::not_found) {
    return fail(
        Errc::unauthorized,
        fmt::format("There is no token and no secret to make one: {} does not exist. Set HAWSER_TOKEN or "
                    "JWT_SECRET, or give the --data-dir of a server started with --dev.",
                    server::dev_secret_path(config.server.data_dir)));
  }
  if (!secret) return std::unexpected(secret.error());
  const auto algorithm = session::parse_algorithm(config.auth.algorithm);
  if (!algorithm)
    return fail(Errc::config, fmt::format("auth.algorithm {} is unknown.", config.auth.algorithm));
  return session::Authenticator::make(*algorithm, std::move(*secret));
}

}  // namespace

Result<std::string> mint_local_token(const server::Config& config, const TokenContent& content,
                                     WallMillis now, std::optional<Millis> lifetime) {
  const auto authenticator = local_authenticator(config);
  if (!authenticator) return std::unexpected(authenticator.error());
  if (const auto* worker = std::get_if<WorkerToken>(&content)) {
    return authenticator->mint_worker(worker->name, worker->types, now, lifetime);
  }
  if (std::holds_alternative<AdminToken>(content)) return authenticator->mint_admin(now, lifetime);
  return authenticator->mint(std::get<UserToken>(content).user, now, lifetime);
}

}  // namespace hawser::cli
