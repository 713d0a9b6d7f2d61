#include "cli/connection_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/config_flags.h"
#include "cli/local_token.h"

namespace hawser::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:3000";
/// Of all but a worker's, which runs for as long as it runs.
constexpr Millis kLocalTokenLifetime = std::chrono::hours(24);

std::string first_of(const std::string& flag, const std::map<std::string, std::string>& environment,
                     const std::string& variable, const std::string& otherwise) {
  if (!flag.empty()) return flag;
  const auto found = environment.find(variable);
  return found == environment.end() || found->second.empty() ? otherwise : found->second;
}

std::string_view how_to_make(const TokenContent& token) {
  if (std::holds_alternative<AdminToken>(token)) return "--admin";
  return std::holds_alternative<UserToken>(token) ? "--user NAME" : "--type TYPE --worker NAME";
}

struct Connection {
  std::string text;
  WebUrl url;
  std::string token;
};

Result<Connection> find(const ConnectionFlags& flags, const TokenContent& local,
                        const std::map<std::string, std::string>& environment, Clock& clock) {
  const auto text = first_of(flags.url, environment, "HAWSER_URL", kDefaultUrl);
  auto url = parse_web_url(text);
  if (!url) return fail(Errc::config, fmt::format("--url: {}", url.error().message));
  if (!url->path.empty() && url->path != "/") return fail(Errc::config, "--url: leave the path out.");
  Connection connection{text, *std::move(url), first_of(flags.token, environment, "HAWSER_TOKEN", "")};
  if (!connection.token.empty()) return connection;
  if (!server::is_loopback(connection.url.host)) {
    return fail(Errc::unauthorized,
                fmt::format("A token is needed for {}. Set HAWSER_TOKEN; the operator makes one "
                            "with 'hawser token {}'.",
                            connection.url.host, how_to_make(local)));
  }
  const auto config = flags.config->load(environment);
  if (!config) return std::unexpected(config.error());
  const auto lifetime =
      std::holds_alternative<WorkerToken>(local) ? std::nullopt : std::optional(kLocalTokenLifetime);
  auto token = mint_local_token(*config, local, clock.wall_now(), lifetime);
  if (!token) return std::unexpected(token.error());
  connection.token = *std::move(token);
  return connection;
}

}  // namespace

std::shared_ptr<ConnectionFlags> ConnectionFlags::add_to(CLI::App& app) {
  auto flags = add_to_worker(app);
  app.add_option("--user", flags->user, "Without a token, and for a server on this machine: the user to be")
      ->capture_default_str();
  return flags;
}

std::shared_ptr<ConnectionFlags> ConnectionFlags::add_to_worker(CLI::App& app) {
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
  flags->config = ConfigFlags::add_to(app, false);
  return flags;
}

Result<remote::Client::Options> connection_options(const ConnectionFlags& flags,
                                                   const std::map<std::string, std::string>& environment,
                                                   Clock& clock) {
  auto found = find(flags, UserToken{flags.user}, environment, clock);
  if (!found) return std::unexpected(found.error());
  return remote::Client::Options{
      .url = std::move(found->url), .token = std::move(found->token), .ca_file = flags.ca_file};
}

Result<remote::WorkerOptions> worker_connection(const ConnectionFlags& flags, const std::string& name,
                                                const std::map<std::string, std::string>& environment,
                                                Clock& clock) {
  auto found = find(flags, WorkerToken{name, {"*"}}, environment, clock);
  if (!found) return std::unexpected(found.error());
  return remote::WorkerOptions{
      .url = std::move(found->text), .token = std::move(found->token), .ca_file = flags.ca_file};
}

Result<AdminConnection> admin_connection(const ConnectionFlags& flags,
                                         const std::map<std::string, std::string>& environment,
                                         Clock& clock) {
  auto found = find(flags, AdminToken{}, environment, clock);
  if (!found) return std::unexpected(found.error());
  return AdminConnection{
      .url = std::move(found->url), .token = std::move(found->token), .ca_file = flags.ca_file};
}

}  // namespace hawser::cli
