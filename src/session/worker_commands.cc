#include "session/worker_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/limits.h"

namespace hawser::session {
namespace {

using json::Kind;
using json::View;
using Parsed = Result<WorkerCommand>;

constexpr std::size_t kMaxLease = 64;
constexpr std::size_t kMaxErrorCode = 64;

std::unexpected<Error> bad(std::string message) {
  return fail(Errc::bad_request, std::move(message));
}

Result<Held> held(std::optional<View> job, std::optional<View> lease) {
  const auto name = job ? job->as_string() : std::nullopt;
  if (!name) return bad("job must be the id of a job, as a string.");
  const auto id = JobId::parse(*name);
  if (!id) return fail(Errc::not_found, "There is no such job.");
  auto text = lease ? lease->as_string() : std::nullopt;
  if (!text || text->size() > kMaxLease) return bad("lease must be the text that came with the job.");
  return Held{*id, *std::move(text)};
}

Result<Held> held(View argument) {
  return held(argument.find("job"), argument.find("lease"));
}

/// An optional whole number.
Result<std::int64_t> number(View argument, std::string_view name, std::int64_t absent, std::int64_t least,
                            std::int64_t most) {
  const auto value = argument.find(name);
  if (!value) return absent;
  const auto integer = value->as_integer();
  if (integer && *integer >= least && *integer <= most) return *integer;
  return bad(fmt::format("{} must be a whole number from {} to {}.", name, least, most));
}

Parsed parse_claim(View argument) {
  const auto max = number(argument, "max", 1, 1, limits::kMaxClaim);
  if (!max) return std::unexpected(max.error());
  ClaimJobs claim{static_cast<std::size_t>(*max), {}};
  const auto types = argument.find("types");
  if (!types) return claim;
  if (!types->is(Kind::array)) return bad("types must be an array of job types.");
  for (auto it = types->elements(); auto type = it.next();) {
    auto name = type->as_string();
    if (!name || name->empty() || name->size() > limits::kMaxTypeName ||
        claim.types.size() >= limits::kMaxClaimTypes) {
      return bad(fmt::format("types must be at most {} names of job types.", limits::kMaxClaimTypes));
    }
    claim.types.push_back(*std::move(name));
  }
  if (claim.types.empty()) return bad("types is empty; leave it out to claim all that the token names.");
  return claim;
}

Parsed parse_begin(View argument) {
  auto job = held(argument);
  if (!job) return std::unexpected(job.error());
  const auto from = argument.find_string("from");
  if (from == "last_event") return BeginRun{*std::move(job), job::ContinueFrom::last_event};
  if (from == "checkpoint") return BeginRun{*std::move(job), job::ContinueFrom::checkpoint};
  if (from == "beginning") return BeginRun{*std::move(job), job::ContinueFrom::beginning};
  return bad(R"(from must be "last_event", "checkpoint" or "beginning".)");
}

std::optional<job::EventKind> event_kind(const std::optional<View>& value) {
  const auto name = value ? value->as_string() : std::nullopt;
  if (name == "chunk") return job::EventKind::chunk;
  if (name == "progress") return job::EventKind::progress;
  if (name == "checkpoint") return job::EventKind::checkpoint;
  return std::nullopt;
}

/// `[kind, payload]`.
Result<job::NewEvent> parse_event(View value) {
  if (!value.is(Kind::array)) return bad("events must hold arrays of kind and payload.");
  auto members = value.elements();
  const auto kind = event_kind(members.next());
  if (!kind) return bad(R"(An event's kind is "chunk", "progress" or "checkpoint".)");
  const auto payload = members.next();
  if (!payload || members.next()) return bad("An event is an array of kind and payload.");
  return job::NewEvent{*kind, std::string(payload->raw())};
}

Parsed parse_append(View argument) {
  auto job = held(argument);
  if (!job) return std::unexpected(job.error());
  const auto from = number(argument, "from", 0, 1, std::int64_t{limits::kMaxEventsPerJob});
  if (!from) return std::unexpected(from.error());
  if (*from == 0) return bad("from is missing: the number of the first event, counted from 1 in each run.");
  const auto events = argument.find("events");
  if (!events || !events->is(Kind::array)) return bad("events must be an array.");
  AppendEvents append{*std::move(job), static_cast<std::uint64_t>(*from), {}};
  for (auto it = events->elements(); auto value = it.next();) {
    if (append.events.size() >= limits::kUnackedEventsPerJob) {
      return bad(fmt::format("events may hold {} at most.", limits::kUnackedEventsPerJob));
    }
    auto event = parse_event(*value);
    if (!event) return std::unexpected(event.error());
    append.events.push_back(*std::move(event));
  }
  return append;
}

Parsed parse_renew(View argument) {
  const auto leases = argument.find("leases");
  if (!leases || !leases->is(Kind::array)) return bad("leases must be an array of job and lease.");
  RenewLeases renew;
  for (auto it = leases->elements(); auto pair = it.next();) {
    if (!pair->is(Kind::array) || renew.held.size() >= limits::kMaxWorkerJobs) {
      return bad(fmt::format("leases must be at most {} arrays of job and lease.", limits::kMaxWorkerJobs));
    }
    auto members = pair->elements();
    const auto job = members.next();
    auto one = held(job, job ? members.next() : std::nullopt);
    if (!one) return std::unexpected(one.error());
    renew.held.push_back(*std::move(one));
  }
  return renew;
}

bool is_code(std::string_view code) {
  return !code.empty() && code.size() <= kMaxErrorCode && std::ranges::all_of(code, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// {message, code?} as the payload of job:failed.
Result<std::string> parse_error(View error) {
  const auto message = error.find_string("message");
  if (!message || message->empty()) return bad("error must be an object with a message for people.");
  const auto value = error.find("code");
  const auto code = value ? value->as_string() : std::string(code_name(Errc::handler_failed));
  if (!code || !is_code(*code)) {
    return bad(fmt::format("error.code must be a word of a-z, 0-9 and _, at most {} bytes.", kMaxErrorCode));
  }
  return json::Object()
      .add("error", std::string_view(*message).substr(0, limits::kMaxErrorText))
      .add("code", *code)
      .str();
}

Parsed parse_finish(View argument) {
  auto job = held(argument);
  if (!job) return std::unexpected(job.error());
  const auto result = argument.find("result");
  const auto error = argument.find("error");
  if (result.has_value() == error.has_value()) return bad("Either result or error must be given.");
  if (result) {
    if (result->raw().size() > limits::kMaxResult) {
      return bad(fmt::format("A result has at most {} bytes.", limits::kMaxResult));
    }
    return FinishRun{*std::move(job), job::EventKind::completed, std::string(result->raw()), false};
  }
  auto payload = parse_error(*error);
  if (!payload) return std::unexpected(payload.error());
  const auto retryable = argument.find("retryable");
  if (retryable && !retryable->as_boolean()) return bad("retryable must be true or false.");
  return FinishRun{*std::move(job), job::EventKind::failed, *std::move(payload),
                   retryable && *retryable->as_boolean()};
}

Parsed parse_release(View argument) {
  auto job = held(argument);
  if (!job) return std::unexpected(job.error());
  return ReleaseJob{*std::move(job)};
}

Parsed parse_refresh(View argument) {
  auto token = argument.find_string("token");
  if (!token || token->size() > limits::kMaxToken) return bad("token must be a string.");
  return RefreshAuth{*std::move(token)};
}

struct Entry {
  std::string_view event;
  Parsed (*parse)(View argument);
};

constexpr std::array<Entry, 7> kCommands = {{
    {"claim", parse_claim},
    {"begin", parse_begin},
    {"append", parse_append},
    {"renew", parse_renew},
    {"finish", parse_finish},
    {"release", parse_release},
    {"auth:refresh", parse_refresh},
}};

}  // namespace

Parsed parse_worker_command(const socketio::Packet& packet) {
  if (packet.type != socketio::PacketType::event) return bad("Binary arguments are not accepted.");
  for (const auto& entry : kCommands) {
    if (entry.event != packet.event) continue;
    const auto argument = packet.arguments().next();
    if (!argument || !argument->is(Kind::object)) {
      return bad(fmt::format("The argument of {} must be an object.", entry.event));
    }
    return entry.parse(*argument);
  }
  return bad(fmt::format("Unknown event: {}", packet.event));
}

}  // namespace hawser::session
