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
  hawser doctor --repair

Examines what 'hawser serve' needs with the same settings and changes nothing. With --repair, when the server is
stopped and its store is damaged: keeps a copy of the files, goes back to the last consistent state, cancels the jobs
that were unfinished, and tells what is lost.
Exit code: 0 no failure, 1 at least one FAIL.)";

struct DoctorFlags {
  bool print_config = false;
  bool repair = false;
};

void print(const std::vector<Finding>& findings) {
  for (const auto& finding : findings) fmt::print("{}\n", to_line(finding));
}

int doctor(const ConfigFlags& flags, const DoctorFlags& wanted) {
  const auto config = flags.load(server::process_environment());
  if (!config) {
    fmt::print("{}\n", to_line({Verdict::failure, "configuration", config.error().message}));
    return to_int(ExitCode::failed);
  }
  if (wanted.print_config) fmt::print("{}\n", server::describe(*config));
  fmt::print("{}\n", to_line({Verdict::ok, "configuration", "loads"}));
  const auto repaired = wanted.repair ? repair(*config) : std::vector<Finding>();
  print(repaired);
  if (has_failure(repaired)) return to_int(ExitCode::failed);
  const auto findings = examine(*config);
  print(findings);
  return to_int(has_failure(findings) ? ExitCode::failed : ExitCode::completed);
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("doctor", "Check that the server can run here");
  command->footer(kFooter);
  const auto wanted = std::make_shared<DoctorFlags>();
  const auto flags = ConfigFlags::add_to(*command, true);
  command->add_flag("--print-config", wanted->print_config,
                    "Also show every setting with its source, secrets left out");
  command->add_flag("--repair", wanted->repair, "Bring a damaged store back to its last consistent state");
  command->callback([=, &exit_code] { exit_code = doctor(*flags, *wanted); });
}

}  // namespace hawser::cli
