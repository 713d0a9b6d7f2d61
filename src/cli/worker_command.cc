#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "cli/commands.h"
#include "cli/config_flags.h"
#include "cli/connection_flags.h"
#include "remote/worker.h"
#include "runtime/system.h"
#include "server/config.h"
#include "server/handler_options.h"
#include "worker/exec_supervisor.h"
#include "worker/handlers.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser worker                                   for a 'serve --dev' on this machine
  HAWSER_TOKEN=… hawser worker --url https://jobs.example --type exec --type llm

The token is a worker's: 'hawser token --worker NAME --type TYPE' makes it where the server's secret is. Handlers
take their settings from the same file as the server's ([search], [exec], [llm]). SIGTERM drains.)";

using Handlers = std::vector<std::shared_ptr<worker::Handler>>;

struct Arguments {
  std::string name = "worker";
  std::vector<std::string> types;
  std::size_t threads = limits::kDefaultHandlerThreads;
  std::shared_ptr<ConnectionFlags> connection;
};

/// Two processes must not write the same index.
std::string index_directory(const server::Config& config, const std::string& name) {
  return fmt::format("{}/worker-{}", config.server.data_dir, name);
}

Result<Handlers> handlers_for(const Arguments& arguments, const server::Config& config) {
  auto options = server::handler_options(config);
  if (!options) return std::unexpected(options.error());
  options->search.data_dir = index_directory(config, arguments.name);
  auto handlers = worker::make_handlers(*options);
  if (arguments.types.empty()) return handlers;
  Handlers chosen;
  for (const auto& type : arguments.types) {
    const auto found =
        std::ranges::find_if(handlers, [&](const auto& handler) { return handler->type() == type; });
    if (found == handlers.end()) {
      return fail(Errc::unknown_type, fmt::format("--type: '{}' is not built in.", type));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

std::string types_of(const Handlers& handlers) {
  std::vector<std::string_view> types;
  for (const auto& handler : handlers) types.push_back(handler->type());
  return fmt::format("{}", fmt::join(types, ", "));
}

int work(Arguments& arguments) {
  const auto environment = server::process_environment();
  const auto config = arguments.connection->config->load(environment);
  if (!config) return report(config.error());
  spdlog::set_level(spdlog::level::from_str(config->log.level));
  auto handlers = handlers_for(arguments, *config);
  if (!handlers) return report(handlers.error());
  auto connection =
      worker_connection(*arguments.connection, arguments.name, environment, runtime::system_clock());
  if (!connection) return report(connection.error());
  auto options = *std::move(connection);
  options.threads = arguments.threads;
  options.drain = config->server.drain;
  options.on_connected = [first = true, url = options.url,
                          types = types_of(*handlers)](const std::string& name) mutable {
    if (!std::exchange(first, false)) return;
    fmt::print("hawser: worker {} ready at {}, runs {}\n", name, url, types);
    std::fflush(stdout);
  };
  auto worker = remote::Worker::make(std::move(options), *std::move(handlers));
  if (!worker) return report(worker.error());
  const auto status = (*worker)->run();
  if (status) return to_int(ExitCode::completed);
  const int code = report(status.error());
  spdlog::default_logger()->flush();
  std::_Exit(code);  // Handlers that are still running use what the destructors would take away.
}

}  // namespace

void add_worker_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("worker", "Run the built-in handlers for a server, in a process of their own");
  command->footer(kFooter);
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--name", arguments->name, "Without a token: the worker to be")->capture_default_str();
  command->add_option("--type", arguments->types, "A job type to run (default: all built-in ones)");
  command->add_option("--threads", arguments->threads, "Jobs that run at once")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  arguments->connection = ConnectionFlags::add_to_worker(*command);
  command->callback([arguments, &exit_code] { exit_code = work(*arguments); });
}

}  // namespace hawser::cli
