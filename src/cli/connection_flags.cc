#include "cli/connection_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/config_flags.h"
#include "cli/local_token.h"

namespace hawser::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:3000";
constexpr Millis kLocalTokenLifetime = std::chrono::hours(24);

std::string first_of(const std::string& flag, const std::map<std::string, std::string>& environment,
                     const std::string& variable, const std::string& otherwise) {
  if (!flag.empty()) return flag;
  const auto found = environment.find(variable);
  return found == environment.end() || found->second.empty() ? otherwise : found->second;
}

Result<std::string> mint_for(const ConnectionFlags& flags,
                             const std::map<std::string, std::string>& environment, const std::string& host,
                             Clock& clock) {
  if (!server::is_loopback(host)) {
    return fail(Errc::unauthorized,
                fmt::format("A token is needed for {}. Set HAWSER_TOKEN; the operator makes one "
                            "with 'hawser token --user NAME'.",
                            host));
  }
  const auto config = flags.config->load(environment);
  if (!config) return std::unexpected(config.error());
  return mint_local_token(*config, flags.user, clock.wall_now(), kLocalTokenLifetime);
}

}  // namespace

std::shared_ptr<ConnectionFlags> ConnectionFlags::add_to(CLI::App& app) {
  auto flags = std::make_shared<ConnectionFlags>();
  // The callback keeps the object alive as long as the parser.
  app.add_option_function<std::string>(
      "--url", [flags](const std::string& url) { flags->url = url; },
      fmt::format("The server (default: $HAWSER_URL, then {})", kDefaultUrl));
  app.add_option("--ca-file", flags->ca_file,
                 "For https: certificates (PEM) that may vouch for the server, in place of the system's")
      ->check(CLI::ExistingFile);
  app.add_option("--token", flags->token,
                 "Token to show; better in $HAWSER_TOKEN, where 'ps' does not see it");
  app.add_option("--user", flags->user, "Without a token, and for a server on this machine: the user to be")
      ->capture_default_str();
  flags->config = ConfigFlags::add_to(app, false);
  return flags;
}

Result<Client::Options> connection_options(const ConnectionFlags& flags,
                                           const std::map<std::string, std::string>& environment,
                                           Clock& clock) {
  const auto text = first_of(flags.url, environment, "HAWSER_URL", kDefaultUrl);
  auto url = server::parse_web_url(text);
  if (!url) return fail(Errc::config, fmt::format("--url: {}", url.error().message));
  if (!url->path.empty() && url->path != "/") return fail(Errc::config, "--url: leave the path out.");
  Client::Options options{.url = std::move(*url),
                          .token = first_of(flags.token, environment, "HAWSER_TOKEN", ""),
                          .ca_file = flags.ca_file};
  if (options.token.empty()) {
    auto token = mint_for(flags, environment, options.url.host, clock);
    if (!token) return std::unexpected(token.error());
    options.token = std::move(*token);
  }
  return options;
}

}  // namespace hawser::cli
