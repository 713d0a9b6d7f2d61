#include "net/websocket_connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "net/engine_session.h"
#include "net/websocket_handshake.h"

namespace hawser::net {
namespace {

using namespace std::chrono_literals;

/// How long the peer may take to answer our close frame.
constexpr auto kCloseTimeout = 5s;

std::string_view fault_text(std::uint16_t code) {
  switch (static_cast<CloseCode>(code)) {
    case CloseCode::invalid_data: return "text that is not UTF-8, or compressed data that is damaged";
    case CloseCode::policy_violation: return "a message that was not finished in time";
    case CloseCode::too_big: return "a message larger than maxPayload, or in too many frames";
    case CloseCode::try_again_later: return "the server holds too many unfinished messages; try again";
    default: return "not a frame that RFC 6455 allows";
  }
}

}  // namespace

WebSocketConnection::WebSocketConnection(Core& core, Socket socket, engineio::SocketId id, Request request)
    : TcpConnection(core, std::move(socket)),
      id_(id),
      request_(std::move(request)),
      reader_(std::min(core.context().config.max_payload, limits::kMaxUnauthenticatedPayload)),
      held_(core.gauges().receive_bytes) {}

void WebSocketConnection::accept(bool may_compress) {
  const auto request = std::exchange(request_, {});
  if (may_compress) deflate_ = choose_deflate(request.extensions);
  if (deflate_) reader_.inflate_with(core().deflate().inflater());
  write({}, share(switching_protocols(request.key, deflate_)));
}

void WebSocketConnection::serve(std::weak_ptr<EngineSession> session, std::string rest) {
  session_ = std::move(session);
  start();
  if (is_open() && !rest.empty()) on_bytes(rest);
}

void WebSocketConnection::send(const engineio::OutgoingPacket& packet) {
  if (closing_) return;
  const char type = engineio::type_char(packet.type);
  const auto prefix = packet.binary ? std::string_view() : std::string_view(&type, 1);
  const auto opcode = packet.binary ? Opcode::binary : Opcode::text;
  std::array<char, WriteQueue::kMaxHeader> header{};
  const auto frame_header = std::span(header).first<kMaxFrameHeader>();
  if (auto compressed = compress(packet, prefix)) {
    const auto size = encode_frame_header(frame_header, opcode, compressed->size(), true);
    write({header.data(), size}, std::move(compressed));
    return;
  }
  auto size = encode_frame_header(frame_header, opcode, prefix.size() + packet.bytes().size());
  for (const char c : prefix) header[size++] = c;
  write({header.data(), size}, packet.data);
}

SharedBytes WebSocketConnection::compress(const engineio::OutgoingPacket& packet, std::string_view type) {
  if (!deflate_ || packet.bytes().size() < limits::kCompressThreshold) return nullptr;
  return core().deflate().compress(type, packet.data, deflate_->window_bits());
}

void WebSocketConnection::close(engineio::CloseStatus status, bool discard) {
  if (std::exchange(closing_, true)) return;
  if (discard) discard_unwritten();
  write({}, share(encode_close(status.code, status.reason)));
  set_deadline(core().loop().now() + kCloseTimeout);
}

void WebSocketConnection::on_bytes(std::span<char> bytes) {
  while (is_open()) {
    const auto event = reader_.next(bytes);
    if (event.kind == FrameEvent::Kind::none) break;
    on_event(event);
  }
  held_.set(reader_.buffered_bytes());
  if (held_.amount() > limits::kReadBudget && core().is_short_of_receive_memory()) {
    fail(static_cast<std::uint16_t>(CloseCode::try_again_later), "transport error");
  }
  watch_unfinished_message();
}

void WebSocketConnection::watch_unfinished_message() {
  if (closing_ || !is_open() || reader_.is_within_message() == awaits_end_of_message_) return;
  awaits_end_of_message_ = !awaits_end_of_message_;
  set_deadline(awaits_end_of_message_
                   ? std::optional(core().loop().now() + core().context().config.message_timeout)
                   : std::nullopt);
}

void WebSocketConnection::on_event(const FrameEvent& event) {
  switch (event.kind) {
    case FrameEvent::Kind::none:
    case FrameEvent::Kind::pong: break;
    case FrameEvent::Kind::text: on_message(event.data, false); break;
    case FrameEvent::Kind::binary: on_message(event.data, true); break;
    case FrameEvent::Kind::ping: on_ping(event.data); break;
    case FrameEvent::Kind::close: on_peer_close(event.code); break;
    case FrameEvent::Kind::error: fail(event.code, "transport error"); break;
  }
}

void WebSocketConnection::on_message(std::string_view data, bool binary) {
  if (closing_) return;
  if (const auto session = session_.lock()) session->on_websocket_message(id_, data, binary);
}

void WebSocketConnection::on_peer_close(std::uint16_t code) {
  const bool without_code = code == static_cast<std::uint16_t>(CloseCode::no_status);
  close({without_code ? static_cast<std::uint16_t>(CloseCode::normal) : code}, false);
  finish();
  leave_session("transport close");
}

/// Closes for a fault of the peer. Where its frames begin and end is not known any more.
void WebSocketConnection::fail(std::uint16_t code, std::string_view reason) {
  core().gauges().websocket_faults[slot_of(kFaultCodes, code)].add(1);
  close({code, fault_text(code)}, false);
  finish();
  leave_session(reason);
}

void WebSocketConnection::on_ping(std::string_view data) {
  if (closing_) return;
  if (unsent_pongs_ < limits::kMaxUnsentPongs) {
    send_pong(data);
  } else {
    last_ping_ = data;
  }
}

void WebSocketConnection::send_pong(std::string_view data) {
  ++unsent_pongs_;
  std::array<char, kMaxFrameHeader> header{};
  const auto size = encode_frame_header(header, Opcode::pong, data.size());
  write({header.data(), size}, data.empty() ? nullptr : share(std::string(data)));
}

void WebSocketConnection::on_written() {
  if (unsent_pongs_ > 0 && queued_bytes() == 0) {
    unsent_pongs_ = 0;
    if (const auto ping = std::exchange(last_ping_, {}); ping && !closing_) send_pong(*ping);
  }
  if (const auto session = session_.lock()) session->on_websocket_written();
}

void WebSocketConnection::on_deadline() {
  if (closing_) {
    drop("transport close");
  } else {
    fail(static_cast<std::uint16_t>(CloseCode::policy_violation), "transport error");
  }
}

void WebSocketConnection::on_dropped(std::string_view reason) {
  leave_session(reason);
}

void WebSocketConnection::leave_session(std::string_view reason) {
  const auto session = std::exchange(session_, {}).lock();
  if (session) session->on_websocket_closed(id_, reason);
}

}  // namespace hawser::net
