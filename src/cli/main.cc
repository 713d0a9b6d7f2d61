#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "cli/commands.h"
#include "worker/exec_supervisor.h"

int main(int argc, char** argv) {
  // Before anything else: this process is then a small guard around somebody else's program.
  if (argc > 1 && std::string_view(argv[1]) == hawser::worker::kExecSupervisorCommand) {
    return hawser::worker::exec_supervisor_main(argc, argv);
  }
  try {
    return hawser::cli::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "hawser: {}\n", error.what());
    return hawser::cli::to_int(hawser::cli::ExitCode::usage);
  }
}
