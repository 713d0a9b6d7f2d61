#include "engineio/connection.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "engineio/close_reason.h"

namespace hawser::engineio {
namespace {

/// How soon a poll that arrives during an upgrade is released, so that the client can go on with it.
/// Not at once: a client that has not seen the probe's answer yet would poll in a tight circle.
constexpr Millis kUpgradePollDelay{100};

/// A client that leaves by post has a poll under way, which may arrive behind the post over a connection of
/// its own. So long it is waited for, and the post's answer with it: whoever polls after that is too late.
constexpr Millis kLeaveGrace{100};

/// Peers count in whole milliseconds and round down: who comes when its time is over may be this early.
constexpr Millis kClockGrain{1};

constexpr std::string_view kProbe = "probe";

/// Takes the nonce as the last one, and says whether it was that already.
bool is_repeated(std::optional<std::size_t>& last, std::string_view nonce) {
  const auto hash = nonce.empty() ? std::nullopt : std::optional(std::hash<std::string_view>{}(nonce));
  return std::exchange(last, hash) == hash && hash.has_value();
}

}  // namespace

Connection::Connection(std::string sid, const Settings& settings, TimePoint now)
    : sid_(std::move(sid)), settings_(settings), heartbeat_at_(now + settings.ping_interval) {}

void Connection::open_by_poll(RequestId request) {
  poll_ = request;
  push({PacketType::open, false, share(open_data(sid_, Transport::polling, settings_))});
  answer_poll();
}

void Connection::open_by_websocket(SocketId socket) {
  socket_ = socket;
  transport_ = Transport::websocket;
  push({PacketType::open, false, share(open_data(sid_, Transport::websocket, settings_))});
}

void Connection::poll(RequestId request, TimePoint now, std::string_view nonce) {
  expire(now);
  const bool repeated = is_repeated(poll_nonce_, nonce);
  if (state_ == State::gone) {
    actions_.emplace_back(action::Refuse{request, ErrorCode::session_unknown});
  } else if (transport_ == Transport::websocket) {
    refuse(request);
  } else if (poll_) {  // Two polls at once: nobody can tell which answer the client reads first.
    refuse(request, close_status::kConcurrentPoll.reason);
    end("transport error", PacketType::close, close_status::kConcurrentPoll);
  } else if (state_ == State::lingering) {
    poll_ = request;
    if (needs_flush()) {
      flush();
    } else {
      end("", is_leaving_ ? PacketType::noop : PacketType::close, close_status::kNormal);
    }
  } else {
    poll_ = request;
    if (repeated) {
      fault("transport error", close_status::kRepeated);
      return;
    }
    flush();
    if (poll_ && probed_) noop_at_ = now + kUpgradePollDelay;
  }
}

void Connection::begin_post(RequestId request, TimePoint now, std::string_view nonce) {
  expire(now);
  const bool repeated = is_repeated(post_nonce_, nonce);
  if (state_ == State::gone || is_leaving_) {
    actions_.emplace_back(action::Refuse{request, ErrorCode::session_unknown});
  } else if (transport_ == Transport::websocket) {
    refuse(request);
  } else if (post_) {  // Two posts at once have no order.
    refuse(request, close_status::kConcurrentPost.reason);
    fault("transport error", close_status::kConcurrentPost);
  } else {
    post_ = request;
    if (repeated) fault("transport error", close_status::kRepeated);
  }
}

void Connection::post_packet(RequestId request, const Packet& packet, TimePoint now) {
  if (post_ != request) return;
  const bool can_linger = state_ == State::open && transport_ == Transport::polling && !poll_;
  if (packet.type == PacketType::close && can_linger) {
    leave(now);
  } else {  // A client that leaves has a poll waiting for nothing: `noop` ends it.
    handle(packet, PacketType::noop, now);
  }
}

void Connection::end_post(RequestId request, bool valid, TimePoint now) {
  expire(now);
  if (post_ != request) return;
  if (valid && is_leaving_) return;  // It is answered when the session ends.
  if (valid) {
    post_.reset();
    actions_.emplace_back(action::AnswerPost{request});
  } else {
    fault("parse error", close_status::kBadPacket);
  }
}

void Connection::forget_post(RequestId request) {
  if (post_ == request) post_.reset();
}

void Connection::abort(RequestId request) {
  if (poll_ != request && post_ != request) return;
  (poll_ == request ? poll_ : post_).reset();
  end("transport error", PacketType::close, close_status::kNormal);
}

void Connection::websocket_opened(SocketId socket, TimePoint now) {
  expire(now);
  if (state_ != State::open || transport_ == Transport::websocket || probe_) {
    actions_.emplace_back(action::CloseSocket{socket, close_status::kUpgradeTaken, false});
    return;
  }
  probe_ = socket;
  upgrade_until_ = now + settings_.upgrade_timeout;
}

void Connection::websocket_message(SocketId socket, std::string_view data, bool binary, TimePoint now) {
  expire(now);
  if (probe_ == socket) {
    handle_probe(data, binary);
  } else if (socket_ == socket) {
    const auto packet = binary ? Packet{PacketType::message, true, data} : decode_text(data);
    if (packet) {
      handle(*packet, PacketType::close, now);
    } else {
      fault("parse error", close_status::kBadPacket);
    }
  }
}

void Connection::websocket_closed(SocketId socket, std::string_view reason) {
  if (probe_ == socket) {
    probe_.reset();
    drop_probe(close_status::kUpgradeFailed);
  } else if (socket_ == socket) {
    socket_.reset();
    end(reason, PacketType::close, close_status::kNormal);
  }
}

void Connection::handle(const Packet& packet, PacketType poll_farewell, TimePoint now) {
  // A client that leaves by itself will not come for its `close` packet.
  if (state_ == State::lingering && packet.type == PacketType::close)
    end("", poll_farewell, close_status::kNormal);
  if (state_ != State::open) return;
  switch (packet.type) {
    case PacketType::message: actions_.emplace_back(action::Receive{packet.data, packet.binary}); break;
    case PacketType::pong:
      awaiting_pong_ = false;
      heartbeat_at_ = now + settings_.ping_interval;
      break;
    case PacketType::close: end("transport close", poll_farewell, close_status::kNormal); break;
    case PacketType::ping: fault("transport error", close_status::kClientPing); break;
    case PacketType::open:
    case PacketType::upgrade:
    case PacketType::noop: break;
  }
}

void Connection::handle_probe(std::string_view text, bool binary) {
  const auto packet = binary ? std::nullopt : decode_text(text);
  if (packet && packet->type == PacketType::ping && packet->data == kProbe) {
    probed_ = true;
    actions_.emplace_back(action::Write{*probe_, {PacketType::pong, false, share(std::string(kProbe))}});
    answer_poll_with(PacketType::noop);
  } else if (packet && packet->type == PacketType::upgrade) {
    complete_upgrade();
  } else {
    drop_probe(close_status::kUpgradeFailed);
  }
}

void Connection::complete_upgrade() {
  answer_poll_with(PacketType::noop);
  socket_ = std::exchange(probe_, std::nullopt);
  drop_probe(close_status::kNormal);
  transport_ = Transport::websocket;
  for (auto& packet : buffer_) actions_.emplace_back(action::Write{*socket_, std::move(packet)});
  clear_buffer();
}

void Connection::drop_probe(CloseStatus status) {
  if (probe_) actions_.emplace_back(action::CloseSocket{*probe_, status, false});
  probe_.reset();
  probed_ = false;
  upgrade_until_.reset();
  noop_at_.reset();
}

void Connection::send(SharedBytes message, bool binary) {
  if (state_ == State::open) push({PacketType::message, binary, std::move(message)});
}

void Connection::flush() {
  if (needs_flush()) answer_poll();
}

void Connection::close(CloseReason reason, TimePoint now) {
  if (state_ != State::open) return;
  const auto status = close_status_of(reason);
  const bool discard = reason == CloseReason::too_slow;
  if (discard) clear_buffer();
  if (is_client_fault(reason)) {
    fault(reason_text(reason), status);
  } else if (transport_ == Transport::websocket) {
    close_sockets(status, discard);
    end(reason_text(reason), PacketType::close, status);
  } else if (poll_ && buffer_.empty()) {
    end(reason_text(reason), PacketType::close, status);
  } else {
    // The close packet comes alone. Stock clients handle messages a moment later than packets, and would drop
    // those that share an answer with it, a DISCONNECT for example.
    flush();
    close_sockets(status, discard);
    actions_.emplace_back(action::Closed{reason_text(reason)});
    state_ = State::lingering;
    linger_until_ = now + settings_.close_linger;
  }
}

void Connection::leave(TimePoint now) {
  drop_probe(close_status::kNormal);
  clear_buffer();
  actions_.emplace_back(action::Closed{"transport close"});
  state_ = State::lingering;
  is_leaving_ = true;
  linger_until_ = now + kLeaveGrace;
}

void Connection::abandon() {
  end("forced close", PacketType::close, close_status::kStopped);
}

void Connection::timer(TimePoint now) {
  expire(now);
}

std::optional<TimePoint> Connection::next_deadline() const {
  if (state_ == State::gone) return std::nullopt;
  if (state_ == State::lingering) return linger_until_;
  auto next = heartbeat_at_;
  if (upgrade_until_) next = std::min(next, *upgrade_until_);
  if (noop_at_) next = std::min(next, *noop_at_);
  return next;
}

void Connection::expire(TimePoint now) {
  if (state_ == State::lingering && now >= *linger_until_) end("", PacketType::close, close_status::kNormal);
  if (state_ != State::open) return;
  if (now >= heartbeat_at_ - (awaiting_pong_ ? kClockGrain : Millis(0))) beat(now);
  if (upgrade_until_ && now >= *upgrade_until_) drop_probe(close_status::kUpgradeFailed);
  if (noop_at_ && now >= *noop_at_) answer_poll_with(PacketType::noop);
}

void Connection::beat(TimePoint now) {
  if (awaiting_pong_) {
    close_sockets(close_status::kPingTimeout, true);  // Nobody is there to take what is queued.
    end("ping timeout", PacketType::close, close_status::kPingTimeout);
    return;
  }
  awaiting_pong_ = true;
  // Counted from when the ping was due: on a busy machine it is late, and lateness must not add up. But who
  // gets it very late, after a pause of the whole machine, still has half of the time to answer.
  heartbeat_at_ = std::max(heartbeat_at_ + settings_.ping_timeout, now + settings_.ping_timeout / 2);
  push({PacketType::ping, false, nullptr});
  flush();
}

void Connection::push(OutgoingPacket packet) {
  if (socket_) {
    actions_.emplace_back(action::Write{*socket_, std::move(packet)});
    return;
  }
  buffered_bytes_ += packet.bytes().size();
  buffer_.push_back(std::move(packet));
}

void Connection::answer_poll() {
  std::string payload;
  payload.reserve(buffered_bytes_ + 2 * buffer_.size());
  for (const auto& packet : buffer_) append_to_payload(payload, packet);
  clear_buffer();
  noop_at_.reset();
  actions_.emplace_back(action::AnswerPoll{*std::exchange(poll_, std::nullopt), std::move(payload)});
}

void Connection::answer_poll_with(PacketType type) {
  noop_at_.reset();
  if (!poll_) return;
  if (type == PacketType::close || buffer_.empty()) push({type, false, nullptr});
  answer_poll();
}

void Connection::refuse(RequestId request, std::string_view reason) {
  actions_.emplace_back(action::Refuse{request, ErrorCode::bad_request, reason});
}

/// Ends the session for what the client did. On polling its open requests are the only place to say why.
void Connection::fault(std::string_view reason, CloseStatus status) {
  if (post_) refuse(*std::exchange(post_, std::nullopt), status.reason);
  if (poll_) refuse(*std::exchange(poll_, std::nullopt), status.reason);
  end(reason, PacketType::close, status);
}

void Connection::end(std::string_view reason, PacketType poll_farewell, CloseStatus status) {
  if (state_ == State::gone) return;
  answer_poll_with(poll_farewell);
  close_sockets(status, false);
  if (state_ == State::open) actions_.emplace_back(action::Closed{reason});
  state_ = State::gone;
  clear_buffer();
  actions_.emplace_back(action::Forget{});
  if (is_leaving_ && post_) actions_.emplace_back(action::AnswerPost{*std::exchange(post_, std::nullopt)});
}

void Connection::close_sockets(CloseStatus status, bool discard) {
  drop_probe(status);
  if (socket_)
    actions_.emplace_back(action::CloseSocket{*std::exchange(socket_, std::nullopt), status, discard});
}

void Connection::clear_buffer() {
  buffer_ = {};  // Not clear(): idle sessions are many, and a drained buffer must not keep its peak.
  buffered_bytes_ = 0;
}

std::optional<Transport> Connection::transport() const {
  if (state_ == State::gone) return std::nullopt;
  return transport_;
}

void Connection::take_actions(std::vector<Action>& out) {
  out.clear();
  out.swap(actions_);
}

}  // namespace hawser::engineio
