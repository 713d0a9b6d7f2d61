#include "server/conformance_socket.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <utility>

#include "socketio/packet.h"

namespace hawser::server {

using socketio::Arguments;

namespace {

/// More than any test asks for, and done in a moment.
constexpr std::int64_t kMaxBurst = 1'000'000;

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ',';
    json::append_string(out, text);
  }
  return out + ']';
}

std::string describe(const std::vector<fanout::SocketInfo>& sockets) {
  std::string out = "[";
  for (const auto& socket : sockets) {
    if (out.size() > 1) out += ',';
    out += json::Object().add("id", socket.id).raw("rooms", quoted_list(socket.rooms)).str();
  }
  return out + ']';
}

}  // namespace

ConformanceSocket::ConformanceSocket(Loop& loop, Channel& channel, fanout::LocalBroadcaster& peers,
                                     std::string nsp, std::string sid, std::string pid)
    : loop_(loop),
      channel_(channel),
      peers_(peers),
      nsp_(std::move(nsp)),
      sid_(std::move(sid)),
      pid_(std::move(pid)) {
  peers_.rooms(loop_).add(*this);
}

ConformanceSocket::~ConformanceSocket() {
  peers_.rooms(loop_).remove(*this);
  loop_.cancel(ack_timer_);
}

void ConformanceSocket::resume(const fanout::RecoveredSocket& before) {
  for (const auto& room : before.socket.rooms) {
    const auto joined = peers_.rooms(loop_).join(*this, room);
    if (!joined) spdlog::warn("recovery: {}", joined.error().message);
  }
  for (const auto& packet : before.missed) send(packet);
}

void ConformanceSocket::park() {
  if (!pid_.empty()) peers_.park(loop_, pid_, *this);
}

void ConformanceSocket::greet(std::string_view auth) {
  emit(Arguments("auth").add(auth.empty() ? "{}" : auth).take());
}

ConformanceSocket::Wish ConformanceSocket::on_packet(socketio::Received received) {
  auto& packet = received.packet;
  if (packet.is_ack()) {
    acks_.answer(*packet.id, {json::View(packet.payload), std::move(received.attachments)});
  } else if (const auto command = find_command(packet.event)) {
    Call call{packet.arguments(), std::move(received.attachments), packet.id};
    (this->*command)(call);
  }
  return wish_;
}

ConformanceSocket::Command ConformanceSocket::find_command(std::string_view event) {
  using Self = ConformanceSocket;
  static constexpr std::array<std::pair<std::string_view, Command>, 11> kCommands{{
      {"message", &Self::message},
      {"message-with-ack", &Self::message_with_ack},
      {"ask-ack", &Self::ask_ack},
      {"volatile-burst", &Self::volatile_burst},
      {"join", &Self::join},
      {"leave", &Self::leave},
      {"room-emit", &Self::room_emit},
      {"all-emit", &Self::all_emit},
      {"broadcast", &Self::broadcast},
      {"fetch-sockets", &Self::fetch_sockets},
      {"kick-me", &Self::kick_me},
  }};
  const auto found = std::ranges::find(kCommands, event, &std::pair<std::string_view, Command>::first);
  return found == kCommands.end() ? nullptr : found->second;
}

std::optional<std::string> ConformanceSocket::Call::next_text() {
  const auto value = arguments.next();
  return value ? value->as_string() : std::nullopt;
}

Payload ConformanceSocket::Call::rest(Arguments out) {
  return out.relay(arguments, std::move(attachments)).take();
}

// --- Commands ---

void ConformanceSocket::message(Call& call) {
  emit(call.rest(Arguments("message-back")));
}

void ConformanceSocket::message_with_ack(Call& call) {
  answer(call, call.rest());
}

void ConformanceSocket::ask_ack(Call& call) {
  const auto id = acks_.add(
      [this](Result<socketio::AckAnswer> answer) {
        if (!answer) return;
        emit(Arguments("server-acked")
                 .relay(answer->payload.elements(), std::move(answer->attachments))
                 .take());
      },
      loop_.now());
  if (!id) return spdlog::warn("ask-ack: {}", id.error().message);
  send(socketio::encode_event(nsp_, call.rest(Arguments("server-ack")), *id));
  mind_acks();
}

void ConformanceSocket::mind_acks() {
  if (ack_timer_ != TimerId::none || !acks_.next_deadline()) return;
  ack_timer_ = loop_.at(*acks_.next_deadline(), [this] {
    ack_timer_ = TimerId::none;
    acks_.expire(loop_.now());
    mind_acks();
  });
}

void ConformanceSocket::volatile_burst(Call& call) {
  const auto value = call.arguments.next();
  const auto count = value ? value->as_integer().value_or(0) : 0;
  for (std::int64_t i = 0; i < std::min(count, kMaxBurst); ++i) {
    if (!channel_.is_writable()) continue;
    send(socketio::encode_event(nsp_, Arguments("v").add(fmt::format_int(i).c_str()).take()));
  }
  emit(Arguments("v-end").take());
}

void ConformanceSocket::join(Call& call) {
  const auto room = call.next_text();
  if (!room) return;
  if (const auto joined = peers_.rooms(loop_).join(*this, *room); !joined) {
    return spdlog::warn("join: {}", joined.error().message);
  }
  answer(call, Arguments().take());
}

void ConformanceSocket::leave(Call& call) {
  const auto room = call.next_text();
  if (!room) return;
  peers_.rooms(loop_).leave(*this, *room);
  answer(call, Arguments().take());
}

void ConformanceSocket::room_emit(Call& call) {
  auto room = call.next_text();
  if (room) emit_to({.rooms = {*std::move(room)}, .except = {}}, call);
}

void ConformanceSocket::all_emit(Call& call) {
  emit_to({}, call);
}

void ConformanceSocket::broadcast(Call& call) {
  emit_to({.rooms = {}, .except = {sid_}}, call);
}

void ConformanceSocket::fetch_sockets(Call& call) {
  if (!call.ack) return;
  fanout::Audience audience;
  if (auto room = call.next_text()) audience.rooms.push_back(*std::move(room));
  peers_.fetch(loop_, std::move(audience),
               lifetime_.guard([this, ack = *call.ack](const std::vector<fanout::SocketInfo>& sockets) {
                 send(socketio::encode_ack(nsp_, ack, Arguments().add(describe(sockets)).take()));
               }));
}

void ConformanceSocket::kick_me(Call& call) {
  const auto close = call.arguments.next();
  wish_ = close && close->as_boolean() == true ? Wish::close : Wish::leave;
}

// --- Sending ---

void ConformanceSocket::emit_to(fanout::Audience audience, Call& call) {
  const auto event = call.next_text();
  if (!event || socketio::is_reserved_event(*event)) return;
  const auto sent = peers_.broadcast(
      loop_,
      {.audience = std::move(audience), .payload = call.rest(Arguments(*event)), .is_volatile = false});
  if (!sent) spdlog::warn("broadcast: {}", sent.error().message);
}

void ConformanceSocket::emit(Payload payload) {
  peers_.send(loop_, *this, std::move(payload));
}

void ConformanceSocket::answer(const Call& call, Payload payload) {
  if (call.ack) send(socketio::encode_ack(nsp_, *call.ack, std::move(payload)));
}

void ConformanceSocket::deliver(const EncodedPacket& packet, bool is_volatile) {
  if (!is_volatile || channel_.is_writable()) send(packet);
}

void ConformanceSocket::send(const EncodedPacket& packet) {
  channel_.send(packet.text);
  for (const auto& attachment : packet.attachments) channel_.send(attachment, true);
}

}  // namespace hawser::server
