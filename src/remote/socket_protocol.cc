#include "remote/socket_protocol.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"

namespace hawser::remote {
namespace {

// Engine.IO packet types, the first character of a text message.
constexpr char kOpen = '0';
constexpr char kClose = '1';
constexpr char kPing = '2';
constexpr char kPong = '3';
constexpr char kMessage = '4';
constexpr char kNoop = '6';

/// A server that is silent for longer is no better than one that is gone.
constexpr Millis kMaxHeartbeat = std::chrono::hours(24);

std::unexpected<Error> nonsense(std::string_view what) {
  return fail(Errc::unavailable, fmt::format("The server sent {}. Is it a Hawser server?", what));
}

std::optional<Millis> time_of(const json::View& object, std::string_view name) {
  const auto member = object.find(name);
  const auto time = member ? member->as_integer() : std::nullopt;
  if (!time || *time <= 0 || *time > kMaxHeartbeat.count()) return std::nullopt;
  return Millis(*time);
}

}  // namespace

std::optional<Error> error_in(std::string_view json) {
  const auto body = json::validate(json);
  if (!body || !body->is(json::Kind::object) || !body->find("error")) return std::nullopt;
  return Error{code_of(body->find_string("code").value_or("")), body->find_string("error").value_or("")};
}

Status SocketProtocol::receive(std::string_view message) {
  if (message.empty()) return nonsense("an empty message");
  const auto rest = message.substr(1);
  switch (message.front()) {
    case kOpen: return receive_open(rest);
    case kPing: hooks_.send(std::string(1, kPong)); return {};
    case kNoop: return {};
    case kClose: return fail(Errc::unavailable, "The server closed the connection.");
    case kMessage: return receive_packet(rest);
    default: return nonsense("a message that is not Engine.IO");
  }
}

Status SocketProtocol::receive_open(std::string_view text) {
  const auto open = json::validate(text);
  if (!open || !open->is(json::Kind::object)) return nonsense("an unreadable handshake");
  const auto interval = time_of(*open, "pingInterval");
  const auto timeout = time_of(*open, "pingTimeout");
  if (!interval || !timeout) return nonsense("a handshake without heartbeat");
  hooks_.on_open(*interval + *timeout);
  const auto auth = json::Object().add("token", token_).str();
  hooks_.send(kMessage + socketio::encode_connect(nsp_, auth));
  return {};
}

Status SocketProtocol::receive_packet(std::string_view text) {
  const auto packet = socketio::decode(text);
  if (!packet) return nonsense("an unreadable packet");
  if (packet->nsp != nsp_) return {};
  switch (packet->type) {
    case socketio::PacketType::connect:
      connected_ = true;
      hooks_.on_connected();
      return {};
    case socketio::PacketType::connect_error:
      return fail(Errc::unauthorized, json::View(packet->payload).find_string("message").value_or(""));
    case socketio::PacketType::disconnect:
      return fail(Errc::shutting_down,
                  "The server ended this session for good: the token has expired or was revoked.");
    default: break;
  }
  auto arguments = packet->arguments();
  const auto first = arguments.next();
  const auto body = first ? first->raw() : std::string_view("null");
  if (packet->is_event()) {
    hooks_.on_event(packet->event, body);
  } else if (auto node = replies_.extract(packet->id.value_or(0)); node) {
    auto error = error_in(body);
    node.mapped()(error ? Result<std::string>(std::unexpected(std::move(*error))) : std::string(body));
  }
  return {};
}

std::uint64_t SocketProtocol::request(std::string_view event, std::string_view argument, Reply reply) {
  const auto id = next_id_++;
  replies_.emplace(id, std::move(reply));
  hooks_.send(kMessage + socketio::encode_event(nsp_, event, {argument}, id));
  return id;
}

void SocketProtocol::expire(std::uint64_t id) {
  if (auto node = replies_.extract(id); node) {
    node.mapped()(fail(Errc::timeout, "The server did not answer in time."));
  }
}

void SocketProtocol::abandon() {
  connected_ = false;
  for (auto& [id, reply] : std::exchange(replies_, {})) {
    reply(fail(Errc::unavailable, "The connection was lost before the server answered."));
  }
}

}  // namespace hawser::remote
