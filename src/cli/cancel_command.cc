#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/id.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/connection_flags.h"
#include "runtime/system.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Example:
  hawser cancel job_01900000000070008000000000000000

Cancelling twice, or a job that has ended, is no error. Exit code: 0 done, 1 refused, 4 no access.)";

/// One command over one connection. A lost answer is asked for again: cancelling is idempotent.
class Canceller {
 public:
  Canceller(remote::Client::Options options, std::string id)
      : id_(std::move(id)),
        client_(std::move(options),
                {.on_connected = [this] { ask(); },
                 .on_interrupted = [](const Error&, Millis) {},
                 .on_event = [](std::string_view, std::string_view) {},
                 .on_signal = [this] { end(ExitCode::left); }},
                runtime::system_random()) {}

  int run() {
    if (const auto status = client_.run(); !status) {
      report(status.error());
      return to_int(ExitCode::no_access);
    }
    return to_int(outcome_);
  }

 private:
  void ask() {
    client_.request("cancel:job", json::quoted(id_), [this](Result<std::string> answer) {
      if (answer) return done(json::View(*answer));
      if (answer.error().code == Errc::unavailable) return;  // Asked again once reconnected.
      report(answer.error());
      end(exit_code_for(answer.error().code));
    });
  }

  void done(const json::View& answer) {
    const auto state = answer.find("state");
    fmt::print("{} {}\n", id_, state ? state->as_string().value_or("cancelled") : "cancelled");
    end(ExitCode::completed);
  }

  void end(ExitCode outcome) {
    outcome_ = outcome;
    client_.stop();
  }

  std::string id_;
  ExitCode outcome_ = ExitCode::no_access;
  remote::Client client_;
};

int cancel(const std::string& id, const ConnectionFlags& flags) {
  if (!JobId::parse(id)) return report({Errc::bad_request, fmt::format("'{}' is not a job id.", id)});
  auto options = connection_options(flags, server::process_environment(), runtime::system_clock());
  if (!options) return report(options.error());
  return Canceller(std::move(*options), id).run();
}

}  // namespace

void add_cancel_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("cancel", "Cancel a job; its output so far is kept");
  command->footer(kFooter);
  const auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "The job")->required();
  const auto flags = ConnectionFlags::add_to(*command);
  command->callback([id, flags, &exit_code] { exit_code = cancel(*id, *flags); });
}

}  // namespace hawser::cli
