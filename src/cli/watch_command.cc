#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/id.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "runtime/system.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser watch job_01900000000070008000000000000000
  hawser watch job_01900000000070008000000000000000 --json | jq .payload

Shows the whole output from the beginning, then follows. Ctrl-C leaves; the job goes on.
Exit code: as 'hawser run'.)";

struct Arguments {
  std::string id;
  bool json = false;
  bool quiet = false;
  std::shared_ptr<ConnectionFlags> connection;
};

int watch(const Arguments& arguments) {
  if (!JobId::parse(arguments.id)) {
    return report({Errc::bad_request, fmt::format("'{}' is not a job id, which looks like job_ and 32 "
                                                  "hexadecimal digits.",
                                                  arguments.id)});
  }
  auto connection =
      connection_options(*arguments.connection, server::process_environment(), runtime::system_clock());
  if (!connection) return report(connection.error());
  return follow({.job = arguments.id,
                 .connection = std::move(*connection),
                 .json = arguments.json,
                 .quiet = arguments.quiet});
}

}  // namespace

void add_watch_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("watch", "Show a job from its beginning and follow it to its end");
  command->footer(kFooter);
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("ID", arguments->id, "The job")->required();
  command->add_flag("--json", arguments->json, "Print every event as one line of JSON");
  command->add_flag("--quiet", arguments->quiet, "Only the output and errors");
  arguments->connection = ConnectionFlags::add_to(*command);
  command->callback([arguments, &exit_code] { exit_code = watch(*arguments); });
}

}  // namespace hawser::cli
