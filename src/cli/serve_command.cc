#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/config_flags.h"
#include "server/config.h"
#include "server/server.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser serve --dev                              try it out on this machine
  hawser serve --dev --port 0 --static ./page     any free port, with a web page
  JWT_SECRET=$(cat secret) hawser serve --data-dir /var/lib/hawser

'hawser.example.toml' explains every setting. SIGTERM drains; a second one ends at once.)";

int serve(const ConfigFlags& flags) {
  const auto config = flags.load(server::process_environment());
  if (!config) return report(config.error());
  spdlog::set_level(spdlog::level::from_str(config->log.level));
  return server::run(*config);
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("serve", "Run the server");
  command->footer(kFooter);
  const auto flags = ConfigFlags::add_to(*command, true);
  command->callback([flags, &exit_code] { exit_code = serve(*flags); });
}

}  // namespace hawser::cli
