#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/config_flags.h"
#include "cli/duration.h"
#include "cli/local_token.h"
#include "runtime/system.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser token --user ann --expires 1h
  hawser token --worker builder-1 --type build --type test
  hawser token --admin --expires 1h
  HAWSER_TOKEN=$(hawser token --user ann) hawser run test-job --url https://jobs.example

Signed with the configured secret, else with the one that 'serve --dev' keeps in the data directory.)";

struct Arguments {
  std::string user;
  std::string worker;
  std::vector<std::string> types;
  bool admin = false;
  std::string expires;
  std::shared_ptr<ConfigFlags> config;
};

int token(const Arguments& arguments) {
  std::optional<Millis> lifetime;
  if (!arguments.expires.empty()) {
    lifetime = parse_duration(arguments.expires);
    if (!lifetime) {
      return report({Errc::bad_request, "--expires takes a number with a unit: 90s, 15m, 1h or 7d."});
    }
  }
  const auto config = arguments.config->load(server::process_environment());
  if (!config) return report(config.error());
  TokenContent content = UserToken{arguments.user};
  if (!arguments.worker.empty()) content = WorkerToken{arguments.worker, arguments.types};
  if (arguments.admin) content = AdminToken{};
  const auto text = mint_local_token(*config, content, runtime::system_clock().wall_now(), lifetime);
  if (!text) return report(text.error());
  fmt::print("{}\n", *text);
  return to_int(ExitCode::completed);
}

}  // namespace

void add_token_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("token", "Make a token for a user, a worker or an administrator");
  command->footer(kFooter);
  const auto arguments = std::make_shared<Arguments>();
  auto* bearer = command->add_option_group("bearer", "Whom the token names");
  bearer->add_option("--user", arguments->user, "A user");
  auto* worker = bearer->add_option("--worker", arguments->worker, "A worker, which needs --type");
  bearer->add_flag("--admin", arguments->admin, "An administrator: 'hawser jobs' and /admin/, nothing else");
  bearer->require_option(1);
  auto* types = command->add_option("--type", arguments->types,
                                    "A job type that the worker may run; '*' is every type");
  types->needs(worker);
  worker->needs(types);
  command->add_option("--expires", arguments->expires,
                      "How long it is valid: 90s, 15m, 1h, 7d (default: for ever)");
  arguments->config = ConfigFlags::add_to(*command, false);
  command->callback([arguments, &exit_code] { exit_code = token(*arguments); });
}

}  // namespace hawser::cli
