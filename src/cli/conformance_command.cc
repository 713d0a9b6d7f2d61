#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "server/conformance.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser conformance --port 3000
  hawser conformance --port 0 --ping-interval 25000 --ping-timeout 20000 --connect-timeout 45000

For test suites of Engine.IO (path /engine.io/) and Socket.IO (path /socket.io/), never for production:
everybody may connect. docs/protocol.md says what its events do.)";

/// Adds an option in milliseconds, at least 1.
void add_millis(CLI::App& app, const std::string& flag, Millis& value, const std::string& help) {
  app.add_option_function<std::uint32_t>(
         flag, [&value](const std::uint32_t& count) { value = Millis(count); }, help)
      ->check(CLI::Range(1, 86'400'000))
      ->default_str(std::to_string(value.count()))
      ->type_name("MS");
}

}  // namespace

void add_conformance_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("conformance", "Run the protocols alone, for test suites");
  command->footer(kFooter);
  const auto options = std::make_shared<server::ConformanceOptions>();
  command->add_option("--host", options->host, "Address to listen on")->capture_default_str();
  command->add_option("--port", options->port, "Port to listen on; 0 takes any free one")
      ->capture_default_str();
  add_millis(*command, "--ping-interval", options->ping_interval, "Time between a pong and the next ping");
  add_millis(*command, "--ping-timeout", options->ping_timeout, "Time to answer a ping");
  add_millis(*command, "--connect-timeout", options->connect_timeout, "Time to connect to a namespace");
  command->add_option("--max-payload", options->max_payload, "Largest message or polling body in bytes")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 30));
  command->add_option("--loops", options->loops, "Event loops; 0 is one a core")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command->add_flag("--recovery", options->recovery,
                    "Connection state recovery: pid, offsets, missed events");
  command->callback([options, &exit_code] { exit_code = server::run_conformance(*options); });
}

}  // namespace hawser::cli
