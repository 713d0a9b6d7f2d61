#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/job_input.h"
#include "runtime/system.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr std::size_t kKeyBytes = 16;

constexpr const char* kFooter = R"(Examples:
  hawser run search --input '{"query":"copyright","limit":20}'
  hawser run exec --input '{"command":"disk-usage","args":["/tmp"]}'
  hawser run llm --input @question.json
  echo '{"duration":5,"chunks":20}' | hawser run test-job --input -

It reconnects by itself; Ctrl-C cancels the job, a second Ctrl-C leaves it running.
Exit code: 0 completed, 1 failed, 2 usage, 3 cancelled, 4 no access to the server, 130 left.)";

struct Arguments {
  std::string type;
  std::string input = "{}";
  bool json = false;
  bool quiet = false;
  std::shared_ptr<ConnectionFlags> connection;
};

int run(const Arguments& arguments) {
  auto input = read_job_input(arguments.input, std::cin);
  if (!input) return report(input.error());
  auto connection =
      connection_options(*arguments.connection, server::process_environment(), runtime::system_clock());
  if (!connection) return report(connection.error());
  return follow({.job = JobFollower::NewJob{arguments.type, std::move(*input),
                                            runtime::system_random().token(kKeyBytes)},
                 .connection = std::move(*connection),
                 .json = arguments.json,
                 .quiet = arguments.quiet});
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("run", "Start a job and stream its output until it ends");
  command->footer(kFooter);
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("TYPE", arguments->type, "search, exec, llm or test-job")->required();
  command->add_option("--input", arguments->input, "JSON, @FILE, or - for standard input")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print every event as one line of JSON");
  command->add_flag("--quiet", arguments->quiet, "Only the output and errors");
  arguments->connection = ConnectionFlags::add_to(*command);
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace hawser::cli
