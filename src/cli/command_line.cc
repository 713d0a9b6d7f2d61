#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"

namespace hawser::cli {
namespace {

constexpr const char* kVersion = "0.1.0";  // As in CMakeLists.txt.
constexpr const char* kFooter = R"(Examples:
  hawser serve --dev --search-folder /usr/share/doc
  hawser run search --input '{"query":"copyright"}'
  hawser watch job_0190…        hawser cancel job_0190…
  hawser doctor

'hawser COMMAND --help' tells more. Settings: file (hawser.toml) < environment < flags.)";

/// Standard output is for what scripts read: the ready line, tokens, job output.
void log_to_standard_error() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("hawser", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_level(spdlog::level::warn);
}

}  // namespace

int report(const Error& error) {
  fmt::print(stderr, "hawser: {}\n", error.message);
  return to_int(exit_code_for(error.code));
}

int run_command_line(int argc, char** argv) {
  log_to_standard_error();
  CLI::App app(
      "Hawser runs long jobs and streams their output over bad networks, losing and doubling nothing.",
      "hawser");
  int exit_code = to_int(ExitCode::completed);
  app.set_version_flag("--version", std::string("hawser ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  add_serve_command(app, exit_code);
  add_worker_command(app, exit_code);
  add_run_command(app, exit_code);
  add_watch_command(app, exit_code);
  add_cancel_command(app, exit_code);
  add_jobs_command(app, exit_code);
  add_token_command(app, exit_code);
  add_doctor_command(app, exit_code);
  add_conformance_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_code : to_int(ExitCode::usage);
  }
  return exit_code;
}

}  // namespace hawser::cli
