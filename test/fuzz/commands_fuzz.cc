#include "session/commands.h"

#include <array>
#include <string>
#include <variant>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::session;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
namespace json = hawser::json;
namespace limits = hawser::limits;

constexpr std::array<std::string_view, 8> kEvents = {"start:job",    "subscribe:job", "unsubscribe:job",
                                                     "cancel:job",   "resume:job",    "reconnect:sync",
                                                     "auth:refresh", "message"};

void check_command(const StartJob& start) {
  check(!start.type.empty() && start.type.size() <= limits::kMaxTypeName, "a type has a name");
  check(start.idempotency_key.size() <= limits::kMaxIdempotencyKey, "keys are short");
  check(json::validate(start.input).has_value(), "an input is JSON");
}
void check_command(const CancelJob& cancel) {
  check(cancel.reason.size() <= limits::kMaxCancelReason, "reasons are short");
}
void check_command(const RefreshAuth& refresh) {
  check(refresh.token.size() <= limits::kMaxToken, "tokens are short");
}
void check_command(const ReconnectSync& sync) {
  check(sync.last_sequence <= static_cast<std::uint64_t>(INT64_MAX), "a sequence is a number of JSON");
}
void check_command(const SubscribeJob&) {}
void check_command(const UnsubscribeJob&) {}
void check_command(const ResumeJob&) {}

void check_refusal(const BadCommand& bad) {
  check(!bad.error.message.empty() && hawser::utf8::is_valid(bad.error.message), "a refusal says why");
  check(bad.error.message.size() < 1024, "a refusal does not give everything back");
  check(bad.job_id.size() <= 64, "what a client calls a job is told it only when it is short");
}

void check_packet(std::string_view text) {
  const auto packet = hawser::socketio::decode(text);
  if (!packet || !packet->is_event()) return;
  const auto command = parse_command(*packet);
  if (command) {
    std::visit([](const auto& known) { check_command(known); }, *command);
    check(packet->type == hawser::socketio::PacketType::event, "no command has attachments");
  } else {
    check_refusal(command.error());
  }
}

}  // namespace

/// The first two bytes choose an event and its ack id, the rest is the argument; or all of it is a packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  const auto which = choices.below(kEvents.size() + 1);
  if (which == kEvents.size()) {
    check_packet(choices.rest());
    return 0;
  }
  std::string packet = choices.flag() ? "27[\"" : "2[\"";
  packet.append(kEvents[which]).append("\",").append(choices.rest()).append("]");
  check_packet(packet);
  return 0;
}
