#pragma once

#include "base/error.h"
#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace hawser::cli {

// Each adds one subcommand to the parser; when the user has chosen it, it runs within the parse and leaves
// its exit code in `exit_code`.

void add_serve_command(CLI::App& app, int& exit_code);
void add_worker_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_watch_command(CLI::App& app, int& exit_code);
void add_cancel_command(CLI::App& app, int& exit_code);
void add_jobs_command(CLI::App& app, int& exit_code);
void add_token_command(CLI::App& app, int& exit_code);
void add_doctor_command(CLI::App& app, int& exit_code);
void add_conformance_command(CLI::App& app, int& exit_code);

/// Says what went wrong on standard error; returns the exit code that fits.
int report(const Error& error);

/// The whole program but for the exec supervisor.
int run_command_line(int argc, char** argv);

}  // namespace hawser::cli
