#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <string>

#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/connection_flags.h"
#include "cli/job_table.h"
#include "remote/http_request.h"
#include "runtime/system.h"
#include "server/config.h"

namespace hawser::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  hawser jobs list --dead
  hawser jobs list --state running --type llm --user ann
  hawser jobs show job_0190…      hawser jobs retry job_0190…
  hawser jobs queue --json

For administrators. On the server's machine the token is made with its own secret; elsewhere set HAWSER_TOKEN
to one of 'hawser token --admin'. Exit code: 0 done, 1 refused, 2 usage, 4 no access.)";

/// Asks the server's /admin/.
class Admin {
 public:
  static Result<Admin> connect(const ConnectionFlags& flags) {
    auto connection = admin_connection(flags, server::process_environment(), runtime::system_clock());
    if (!connection) return std::unexpected(connection.error());
    return Admin(*std::move(connection));
  }

  /// The body of a 200. Errors: what the server says; unavailable.
  Result<std::string> ask(std::string method, std::string target) const {
    auto answer = remote::http_request(
        {connection_.url, connection_.ca_file, connection_.token, std::move(method), std::move(target)});
    if (!answer) return std::unexpected(answer.error());
    const auto view = json::validate(answer->body);
    if (!view)
      return fail(Errc::unavailable, fmt::format("HTTP {}: this is no Hawser server.", answer->status));
    if (answer->status == 200) return std::move(answer->body);
    return std::unexpected(refusal(answer->status, *view));
  }

 private:
  explicit Admin(AdminConnection connection) : connection_(std::move(connection)) {}

  static Error refusal(int status, const json::View& body) {
    auto message = body.find_string("error").value_or("");
    if (message.empty()) message = fmt::format("The server answered HTTP {}.", status);
    if (status == 401) {
      return {Errc::unauthorized, message + "; 'hawser jobs' needs a token of 'hawser token --admin'."};
    }
    if (status == 503) return {Errc::unavailable, std::move(message)};
    return {status == 400 ? Errc::bad_request : Errc::invalid_state, std::move(message)};
  }

  AdminConnection connection_;
};

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

struct Arguments {
  std::string id, state, type, user, reason;
  bool dead = false;
  std::size_t limit = 50;
  bool json = false;
  std::shared_ptr<ConnectionFlags> flags;
};

using Action = std::function<Result<void>(const Admin&, const Arguments&)>;

int run(const Arguments& arguments, const Action& action) {
  const auto admin = Admin::connect(*arguments.flags);
  if (!admin) return report(admin.error());
  if (auto done = action(*admin, arguments); !done) return report(done.error());
  return to_int(ExitCode::completed);
}

std::string list_target(const Arguments& arguments, std::size_t left, const std::string& after) {
  auto target = fmt::format("/admin/jobs?limit={}", std::min(left, limits::kMaxListed));
  const auto add = [&target](std::string_view name, std::string_view value) {
    if (!value.empty()) target += fmt::format("&{}={}", name, encoded(value));
  };
  add("state", arguments.dead ? "dead" : arguments.state);
  add("type", arguments.type);
  add("user", arguments.user);
  add("after", after);
  return target;
}

/// Pages are short where few jobs fit, so it goes on until there are enough.
Status list(const Admin& admin, const Arguments& arguments) {
  std::string after;
  std::size_t shown = 0;
  bool more = true;
  if (!arguments.json) fmt::print("{}", job_rows(json::View("[]"), 0, true));
  while (more && shown < arguments.limit) {
    const auto body = admin.ask("GET", list_target(arguments, arguments.limit - shown, after));
    if (!body) return std::unexpected(body.error());
    const json::View answer(*body);
    const auto jobs = answer.find("jobs");
    if (!jobs) return fail(Errc::unavailable, "The server's answer has no jobs.");
    for (auto it = jobs->elements(); const auto job = it.next(); ++shown) {
      if (arguments.json) fmt::print("{}\n", job->raw());
    }
    if (!arguments.json) fmt::print("{}", job_rows(*jobs, runtime::system_clock().wall_now(), false));
    after = answer.find_string("next").value_or("");
    more = !after.empty();
  }
  if (more && !arguments.json) fmt::print(stderr, "There are more; see --limit.\n");
  return {};
}

Result<std::string> job_path(const Arguments& arguments) {
  if (JobId::parse(arguments.id)) return "/admin/jobs/" + arguments.id;
  return fail(Errc::bad_request, fmt::format("'{}' is not a job id.", arguments.id));
}

Status show(const Admin& admin, const Arguments& arguments) {
  const auto path = job_path(arguments);
  if (!path) return std::unexpected(path.error());
  const auto body = admin.ask("GET", *path);
  if (!body) return std::unexpected(body.error());
  fmt::print("{}", arguments.json ? *body + '\n' : job_facts(json::View(*body)));
  return {};
}

Status queue(const Admin& admin, const Arguments& arguments) {
  const auto body = admin.ask("GET", "/admin/queue");
  if (!body) return std::unexpected(body.error());
  fmt::print("{}", arguments.json ? *body + '\n' : queue_rows(json::View(*body)));
  return {};
}

/// `done`: what is said after the id.
Action change(std::string method, std::string suffix, std::string done) {
  return [method = std::move(method), suffix = std::move(suffix), done = std::move(done)](
             const Admin& admin, const Arguments& arguments) -> Status {
    const auto path = job_path(arguments);
    if (!path) return std::unexpected(path.error());
    const auto reason = arguments.reason.empty() ? "" : "?reason=" + encoded(arguments.reason);
    const auto body = admin.ask(method, *path + suffix + reason);
    if (!body) return std::unexpected(body.error());
    fmt::print("{}", arguments.json ? *body + '\n' : fmt::format("{} {}\n", arguments.id, done));
    return {};
  };
}

std::shared_ptr<Arguments> add(CLI::App& jobs, const char* name, const char* help, Action action,
                               int& exit_code) {
  auto* command = jobs.add_subcommand(name, help);
  const auto arguments = std::make_shared<Arguments>();
  command->add_flag("--json", arguments->json, "Print what the server answers");
  arguments->flags = ConnectionFlags::add_to_worker(*command);
  command->callback(
      [arguments, action = std::move(action), &exit_code] { exit_code = run(*arguments, action); });
  return arguments;
}

void add_for_job(CLI::App& jobs, const char* name, const char* help, Action action, int& exit_code) {
  const auto arguments = add(jobs, name, help, std::move(action), exit_code);
  auto* command = jobs.get_subcommand(name);
  command->add_option("ID", arguments->id, "The job")->required();
  if (std::string_view(name) == "cancel") {
    command->add_option("--reason", arguments->reason, "Told to the job's user");
  }
}

}  // namespace

void add_jobs_command(CLI::App& app, int& exit_code) {
  auto* jobs = app.add_subcommand("jobs", "See and handle the jobs of all users");
  jobs->require_subcommand(1);
  jobs->footer(kFooter);
  const auto arguments = add(*jobs, "list", "The newest jobs first", list, exit_code);
  auto* command = jobs->get_subcommand("list");
  auto* state = command->add_option("--state", arguments->state, "Only jobs in this state");
  command->add_flag("--dead", arguments->dead, "Only failed jobs that nobody has asked to run again")
      ->excludes(state);
  command->add_option("--type", arguments->type, "Only jobs of this type");
  command->add_option("--user", arguments->user, "Only jobs of this user");
  command->add_option("--limit", arguments->limit, "How many at most")->capture_default_str();
  add_for_job(*jobs, "show", "Everything about one job but its output", show, exit_code);
  add_for_job(*jobs, "retry", "Run a failed job again, from where it stopped",
              change("POST", "/retry", "will run again"), exit_code);
  add_for_job(*jobs, "cancel", "Cancel a job", change("POST", "/cancel", "is cancelled, or had ended"),
              exit_code);
  add_for_job(*jobs, "purge", "Delete an ended job with its input and output",
              change("DELETE", "", "is deleted"), exit_code);
  add(*jobs, "queue", "What waits and runs, by type", queue, exit_code);
}

}  // namespace hawser::cli
