#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/config_flags.h"
#include "cli/doctor.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser doctor
  hawser doctor --config /etc/hawser.toml --print-config

Examines what 'hawser serve' needs with the same settings; changes nothing that matters.
Exit code: 0 no failure, 1 at least one FAIL.)";

int doctor(const ConfigFlags& flags, bool print_config) {
  const auto config = flags.load(server::process_environment());
  if (!config) {
    fmt::print("{}\n", to_line({Verdict::failure, "configuration", config.error().message}));
    return to_int(ExitCode::failed);
  }
  if (print_config) fmt::print("{}\n", server::describe(*config));
  fmt::print("{}\n", to_line({Verdict::ok, "configuration", "loads"}));
  const auto findings = examine(*config);
  for (const auto& finding : findings) fmt::print("{}\n", to_line(finding));
  return to_int(has_failure(findings) ? ExitCode::failed : ExitCode::completed);
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("doctor", "Check that the server can run here");
  command->footer(kFooter);
  const auto print_config = std::make_shared<bool>(false);
  const auto flags = ConfigFlags::add_to(*command, true);
  command->add_flag("--print-config", *print_config,
                    "Also show every setting with its source, secrets left out");
  command->callback([=, &exit_code] { exit_code = doctor(*flags, *print_config); });
}

}  // namespace hawser::cli
