#include "cli/follow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "cli/commands.h"
#include "runtime/system.h"

namespace hawser::cli {
namespace {

std::string with_hint(const Error& error) {
  return error.code == Errc::unavailable ? error.message + " Is 'hawser serve' running there?"
                                         : error.message;
}

}  // namespace

int follow(FollowRequest request) {
  Printer printer(std::cout, std::cerr,
                  {.json = request.json,
                   .quiet = request.quiet,
                   .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                   .err_is_terminal = isatty(STDERR_FILENO) == 1});
  std::optional<JobFollower> follower;
  remote::Client client(
      std::move(request.connection),
      {.on_connected = [&] { follower->on_connected(); },
       .on_interrupted = [&](const Error& why, Millis retry_in) { follower->on_interrupted(why, retry_in); },
       .on_event = [&](std::string_view event, std::string_view body) { follower->on_event(event, body); },
       .on_signal = [&] { follower->on_signal(); }},
      runtime::system_random());
  std::visit(
      [&](auto& job) {
        follower.emplace(
            JobFollower::Link{
                .request =
                    [&](std::string_view event, std::string_view argument, JobFollower::Reply reply) {
                      client.request(event, argument, std::move(reply));
                    },
                .after = [&](Millis delay, Task task) { client.after(delay, std::move(task)); },
                .stop = [&] { client.stop(); }},
            printer, std::move(job));
      },
      request.job);
  if (const auto status = client.run(); !status) {
    printer.error(with_hint(status.error()));
    printer.finish();
    return to_int(ExitCode::no_access);
  }
  return to_int(follower->outcome());
}

}  // namespace hawser::cli
