#include "worker/exec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ranges>

#include "base/json.h"
#include "worker/exec_process.h"
#include "worker/exec_session.h"

namespace hawser::worker {
namespace {

constexpr std::size_t kMaxArgs = 256;  ///< far below what the kernel takes

Result<std::vector<std::string>> parse_args(json::View args) {
  if (!args.is(json::Kind::array)) return fail(Errc::bad_request, "`args` must be a list of strings.");
  std::vector<std::string> result;
  auto elements = args.elements();
  while (const auto element = elements.next()) {
    auto text = element->as_string();
    if (!text || text->find('\0') != std::string::npos) {
      return fail(Errc::bad_request, "`args` must be a list of strings without NUL.");
    }
    if (result.size() == kMaxArgs) {
      return fail(Errc::bad_request, fmt::format("`args` may have at most {} entries.", kMaxArgs));
    }
    result.push_back(std::move(*text));
  }
  return result;
}

}  // namespace

Result<ExecCommand> Exec::parse(std::string_view text) const {
  const json::View input(text);
  const auto command = input.find("command");
  const auto name = command ? command->as_string() : std::nullopt;
  if (!name) return fail(Errc::bad_request, "`command` must be the name of a configured command.");
  const auto entry = options_.commands.find(*name);
  if (entry == options_.commands.end()) {
    return fail(Errc::bad_request, fmt::format("Unknown command; the configured ones are: {}.",
                                               fmt::join(std::views::keys(options_.commands), ", ")));
  }
  auto result = entry->second;
  const auto args = input.find("args");
  if (!args || args->is(json::Kind::null)) return result;
  auto parsed = parse_args(*args);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->empty() && !result.allow_args) {
    return fail(Errc::bad_request, fmt::format("The command \"{}\" takes no arguments (allow_args).", *name));
  }
  result.argv.insert(result.argv.end(), parsed->begin(), parsed->end());
  return result;
}

Status Exec::validate(std::string_view input) const {
  const auto command = parse(input);
  if (!command) return std::unexpected(command.error());
  return {};
}

ResumePlan Exec::plan(std::string_view input, const ResumePoint& /*point*/) const {
  const auto command = parse(input);
  if (!command) return {job::ContinueFrom::last_event, command.error()};
  if (command->restartable) return {job::ContinueFrom::beginning, std::nullopt};
  return {job::ContinueFrom::last_event,
          Error{Errc::interrupted,
                "The command was interrupted and is not marked restartable; its output so far is kept."}};
}

Outcome Exec::run(JobContext& context) {
  const auto command = parse(context.input());
  if (!command) return Outcome::failed(command.error());
  if (context.stop_token().stop_requested()) return Outcome::stopped();
  auto process = ExecProcess::start(options_.supervisor, command->argv);
  if (!process) return Outcome::failed(process.error());
  return ExecSession(context, clock_, std::move(*process)).run();
}

}  // namespace hawser::worker
