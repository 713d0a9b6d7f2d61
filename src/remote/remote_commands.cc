#include "remote/remote_commands.h"

#include <variant>

#include "base/json.h"
#include "remote/worker_messages.h"
#include "worker/backoff.h"

namespace hawser::remote {
namespace {

Error no_connection() {
  return {Errc::unavailable, "There is no connection to the server."};
}

/// The next connection may bring what this one did not.
bool is_of_the_line(Errc code) {
  return code == Errc::unavailable || code == Errc::timeout || code == Errc::shutting_down;
}

Millis time(const json::View& body, std::string_view name) {
  const auto member = body.find(name);
  return Millis(member ? member->as_integer().value_or(0) : 0);
}

std::size_t size(const json::View& body, std::string_view name) {
  const auto member = body.find(name);
  const auto number = member ? member->as_integer().value_or(0) : 0;
  return number > 0 ? static_cast<std::size_t>(number) : 0;
}

}  // namespace

Result<Welcome> parse_welcome(std::string_view text) {
  const auto body = json::validate(text);
  const auto name = body && body->is(json::Kind::object) ? body->find("worker") : std::nullopt;
  Welcome welcome;
  if (name) {
    const auto window = body->find("window").value_or(*body);
    welcome = {name->as_string().value_or(""),
               time(*body, "leaseMs"),
               time(*body, "renewMs"),
               {size(window, "events"), size(window, "bytes"), size(*body, "maxEventBytes")}};
  }
  const auto& window = welcome.window;
  if (welcome.lease < Millis(1) || welcome.renew_every < Millis(1) || window.events == 0 ||
      window.bytes == 0 || window.event_bytes == 0) {
    return fail(Errc::unavailable, "The server's welcome cannot be read. Is it a Hawser server?");
  }
  return welcome;
}

void RemoteCommands::submit(job::Command command, job::Completion completion) {
  link_.post([this, command = std::move(command), completion = std::move(completion)]() mutable {
    std::visit([&](const auto& known) { run(known, std::move(completion)); }, command);
  });
}

void RemoteCommands::on_welcome() {
  connected_ = true;
  for (auto& [number, waiting] : waiting_) {
    if (!waiting.sent) send(number, waiting);
  }
}

void RemoteCommands::on_interrupted() {
  connected_ = false;
}

const std::string* RemoteCommands::lease_of(const Held& held) const {
  const auto found = leases_.find(held);
  return found == leases_.end() ? nullptr : &found->second;
}

Result<job::Revoked> RemoteCommands::read_stop(std::string_view text) const {
  const auto body = json::validate(text).value_or(json::View("null"));
  const auto job = JobId::parse(body.find_string("job").value_or(""));
  const auto lease = body.find_string("lease");
  for (const auto& [held, text_of_lease] : leases_) {
    if (!job || held.first != *job || text_of_lease != lease) continue;
    const bool cancelled = body.find_string("reason") == "cancelled";
    return job::Revoked{held.first, held.second,
                        cancelled ? job::JobState::cancelled : job::JobState::running};
  }
  return fail(Errc::not_found, "The job is not held here.");
}

template <class Command>
void RemoteCommands::wait(std::string_view event, const Command& command,
                          std::string (*argument)(const Command&, std::string_view lease),
                          job::Completion completion) {
  const auto* lease = lease_of({command.id, command.epoch});
  const auto number = ++last_number_;
  auto& waiting = waiting_
                      .emplace(number, Waiting{.event = std::string(event),
                                               .argument = argument(command, lease ? *lease : ""),
                                               .job = command.id,
                                               .epoch = command.epoch,
                                               .completion = std::move(completion)})
                      .first->second;
  if (connected_) send(number, waiting);
}

void RemoteCommands::send(std::uint64_t number, Waiting& waiting) {
  waiting.sent = true;
  link_.request(waiting.event, waiting.argument,
                [this, number](Result<std::string> answer) { on_answer(number, std::move(answer)); });
}

void RemoteCommands::on_answer(std::uint64_t number, Result<std::string> answer) {
  const auto found = waiting_.find(number);
  if (!answer && is_of_the_line(answer.error().code)) {
    found->second.sent = false;
    if (answer.error().code == Errc::timeout) link_.reconnect(answer.error());
    return;
  }
  auto waiting = std::move(found->second);
  waiting_.erase(found);
  // A finish that was refused for another reason is followed by a release.
  const bool is_over = answer || worker::has_lost_job(answer.error().code);
  if (waiting.event == "release" || (waiting.event == "finish" && is_over)) {
    leases_.erase({waiting.job, waiting.epoch});
  }
  if (!answer) return waiting.completion(std::unexpected(std::move(answer).error()));
  waiting.completion(read_done(*answer));
}

// ---- Commands ----

void RemoteCommands::run(const job::Claim& command, job::Completion completion) {
  if (!connected_) return completion(std::unexpected(no_connection()));
  link_.request("claim", claim_argument(command),
                [this, completion = std::move(completion)](const Result<std::string>& answer) mutable {
                  completion(on_claimed(answer));
                });
}

Result<job::Reply> RemoteCommands::on_claimed(const Result<std::string>& answer) {
  if (!answer) return std::unexpected(answer.error());
  auto job = read_claimed(*answer);
  if (!job) return std::unexpected(job.error());
  job::Reply reply;
  if (!*job) return reply;
  const auto& record = (*job)->claimed.record;
  leases_[{record.id, record.epoch}] = std::move((*job)->lease);
  reply.id = record.id;
  reply.epoch = record.epoch;
  reply.state = record.state;
  reply.claimed = std::make_unique<job::ClaimedJob>(std::move((*job)->claimed));
  return reply;
}

void RemoteCommands::run(const job::Renew& command, job::Completion completion) {
  const auto* lease = lease_of({command.id, command.epoch});
  if (!connected_ || lease == nullptr) return completion(std::unexpected(no_connection()));
  link_.request("renew", renew_argument(command.id, *lease),
                [this, completion = std::move(completion)](const Result<std::string>& answer) mutable {
                  if (!answer && answer.error().code == Errc::timeout) link_.reconnect(answer.error());
                  if (!answer) return completion(std::unexpected(answer.error()));
                  auto lost = read_lost(*answer);
                  if (!lost) return completion(std::unexpected(lost.error()));
                  if (*lost) return completion(std::unexpected(**std::move(lost)));
                  completion(job::Reply{});
                });
}

void RemoteCommands::run(const job::Begin& command, job::Completion completion) {
  wait("begin", command, begin_argument, std::move(completion));
}

void RemoteCommands::run(const job::Append& command, job::Completion completion) {
  wait("append", command, append_argument, std::move(completion));
}

void RemoteCommands::run(const job::Finish& command, job::Completion completion) {
  wait("finish", command, finish_argument, std::move(completion));
}

void RemoteCommands::run(const job::Release& command, job::Completion completion) {
  wait("release", command, release_argument, std::move(completion));
}

template <class Other>
void RemoteCommands::run(const Other&, job::Completion completion) {
  completion(fail(Errc::invalid_state, "This is no command of a worker."));
}

}  // namespace hawser::remote
