#include "session/commands.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/limits.h"

namespace hawser::session {
namespace {

using json::Kind;
using json::View;
using Parsed = std::expected<Command, BadCommand>;

/// Longer than any id; what a client calls a job is echoed to it up to here.
constexpr std::size_t kMaxEchoedId = 64;

std::unexpected<BadCommand> refuse(Errc code, std::string message, std::string job_id = {}) {
  return std::unexpected(BadCommand{{code, std::move(message)}, std::move(job_id)});
}

std::expected<JobId, BadCommand> parse_id(const std::optional<View>& value) {
  const auto text = value ? value->as_string() : std::nullopt;
  if (!text || text->empty() || text->size() > kMaxEchoedId) {
    return refuse(Errc::bad_request, "jobId must be the id of a job, as a string.");
  }
  const auto id = JobId::parse(*text);
  if (!id) return refuse(Errc::not_found, fmt::format("Job not found: {}", *text), *text);
  return *id;
}

/// An optional string member. Absent and null are the empty string.
std::expected<std::string, BadCommand> parse_text(View object, std::string_view name, std::size_t limit) {
  const auto value = object.find(name);
  if (!value || value->is(Kind::null)) return std::string();
  auto text = value->as_string();
  if (!text || text->size() > limit) {
    return refuse(Errc::bad_request, fmt::format("{} must be a string of at most {} bytes.", name, limit));
  }
  return *std::move(text);
}

/// An optional whole number. Absent and null are 0.
std::expected<std::int64_t, BadCommand> parse_number(View object, std::string_view name, std::int64_t least,
                                                     std::int64_t most) {
  const auto value = object.find(name);
  if (!value || value->is(Kind::null)) return 0;
  const auto number = value->as_integer();
  if (!number || *number < least || *number > most) {
    return refuse(Errc::bad_request,
                  fmt::format("{} must be a whole number from {} to {}.", name, least, most));
  }
  return *number;
}

Parsed parse_start(View argument) {
  auto type = parse_text(argument, "type", limits::kMaxTypeName);
  if (!type) return std::unexpected(type.error());
  if (type->empty()) return refuse(Errc::bad_request, "type must name the kind of job.");
  auto key = parse_text(argument, "idempotencyKey", limits::kMaxIdempotencyKey);
  if (!key) return std::unexpected(key.error());
  const auto priority = parse_number(argument, "priority", -limits::kMaxPriority, limits::kMaxPriority);
  if (!priority) return std::unexpected(priority.error());
  const auto delay = parse_number(argument, "delayMs", 0, Millis(limits::kMaxStartDelay).count());
  if (!delay) return std::unexpected(delay.error());
  const auto input = argument.find("input");
  return StartJob{*std::move(type), std::string(input ? input->raw() : "{}"), *std::move(key),
                  static_cast<int>(*priority), Millis(*delay)};
}

template <class JobCommand>
Parsed parse_job(View argument) {
  const auto id = parse_id(argument);
  if (!id) return std::unexpected(id.error());
  return JobCommand{*id};
}

Parsed parse_cancel(View argument) {
  if (!argument.is(Kind::object)) {
    const auto id = parse_id(argument);
    if (!id) return std::unexpected(id.error());
    return CancelJob{*id, {}};
  }
  const auto id = parse_id(argument.find("jobId"));
  if (!id) return std::unexpected(id.error());
  auto reason = parse_text(argument, "reason", limits::kMaxCancelReason);
  if (!reason) return refuse(Errc::bad_request, reason.error().error.message, id->to_string());
  return CancelJob{*id, *std::move(reason)};
}

Parsed parse_sync(View argument) {
  const auto id = parse_id(argument.find("jobId"));
  if (!id) return std::unexpected(id.error());
  const auto value = argument.find("lastSequence");
  if (!value) return refuse(Errc::bad_request, "lastSequence is missing.", id->to_string());
  const auto sequence = value->as_integer();
  if (!sequence || *sequence < 0) {
    return refuse(Errc::bad_sequence, "lastSequence must be a whole number, 0 or more.", id->to_string());
  }
  return ReconnectSync{*id, static_cast<std::uint64_t>(*sequence)};
}

Parsed parse_refresh(View argument) {
  auto token = parse_text(argument, "token", limits::kMaxToken);
  if (!token) return std::unexpected(token.error());
  return RefreshAuth{*std::move(token)};
}

struct Entry {
  std::string_view event;
  bool takes_object;
  bool needs_ack;  ///< its answer cannot be told otherwise
  Parsed (*parse)(View argument);
};

constexpr std::array<Entry, 7> kCommands = {{
    {"start:job", true, true, parse_start},
    {"subscribe:job", false, false, parse_job<SubscribeJob>},
    {"unsubscribe:job", false, false, parse_job<UnsubscribeJob>},
    {"cancel:job", false, false, parse_cancel},
    {"resume:job", false, true, parse_job<ResumeJob>},
    {"reconnect:sync", true, false, parse_sync},
    {"auth:refresh", true, false, parse_refresh},
}};

}  // namespace

std::expected<Command, BadCommand> parse_command(const socketio::Packet& packet) {
  if (packet.type != socketio::PacketType::event) {
    return refuse(Errc::bad_request, "Binary arguments are not accepted.");
  }
  for (const auto& entry : kCommands) {
    if (entry.event != packet.event) continue;
    if (entry.needs_ack && !packet.id) {
      return refuse(Errc::bad_request,
                    fmt::format("{} needs an acknowledgement callback; nothing was done.", entry.event));
    }
    const auto argument = packet.arguments().next();
    if (!argument) return refuse(Errc::bad_request, fmt::format("{} needs an argument.", entry.event));
    if (entry.takes_object && !argument->is(Kind::object)) {
      return refuse(Errc::bad_request, fmt::format("The argument of {} must be an object.", entry.event));
    }
    return entry.parse(*argument);
  }
  return refuse(Errc::bad_request, fmt::format("Unknown event: {}", packet.event));
}

}  // namespace hawser::session
