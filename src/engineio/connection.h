#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/channel.h"
#include "base/time.h"
#include "engineio/close_reason.h"
#include "engineio/handshake.h"
#include "engineio/packet.h"

namespace hawser::engineio {

/// One HTTP request and one WebSocket of a session, named by the shell that does the I/O.
using RequestId = std::uint64_t;
using SocketId = std::uint64_t;

namespace action {

/// A message for the application. A view into the input that caused it.
struct Receive {
  std::string_view data;
  bool binary = false;
};
/// Answer a GET with 200 and this body.
struct AnswerPoll {
  RequestId request = 0;
  std::string payload;
};
/// Answer a POST with 200 and `ok`.
struct AnswerPost {
  RequestId request = 0;
};
/// Answer a request with the error, and in place of its standard message with `reason` if there is one.
struct Refuse {
  RequestId request = 0;
  ErrorCode code = ErrorCode::bad_request;
  std::string_view reason{};
};
struct Write {
  SocketId socket = 0;
  OutgoingPacket packet;
};
/// Close a WebSocket; `discard` drops what is not yet sent instead of flushing it.
struct CloseSocket {
  SocketId socket = 0;
  CloseStatus status;
  bool discard = false;
};
/// The session is over for the application. Once.
struct Closed {
  std::string_view reason;
};
/// The session is over for clients as well: no request can reach it any more. Once; behind it come only the
/// answer to a POST that was being handled, and the refusal of a request or socket that came too late.
struct Forget {};

}  // namespace action

using Action = std::variant<action::Receive, action::AnswerPoll, action::AnswerPost, action::Refuse,
                            action::Write, action::CloseSocket, action::Closed, action::Forget>;

/// The protocol of one Engine.IO v4 session on both transports: heartbeat, polling rules, upgrade, closing.
/// Sans-I/O: inputs are calls with the time, outputs are actions, to be taken after each input and done in
/// order. Views in actions live as long as the input they came from.
class Connection {
 public:
  Connection(std::string sid, const Settings& settings, TimePoint now);

  // --- What opened the session: exactly one of these, first ---
  void open_by_poll(RequestId request);
  void open_by_websocket(SocketId socket);

  // --- Polling ---
  /// `nonce` as in Query; empty when there is none. A browser sends a request again by itself when the
  /// connection broke before the answer's head was read. What that answer held is lost, and a POST would be
  /// handled twice, so the session ends and the client comes back.
  void poll(RequestId request, TimePoint now, std::string_view nonce = {});
  /// A POST has begun to arrive; its packets follow one by one, then its end.
  void begin_post(RequestId request, TimePoint now, std::string_view nonce = {});
  void post_packet(RequestId request, const Packet& packet, TimePoint now);
  /// `valid` is false when the body was malformed.
  void end_post(RequestId request, bool valid, TimePoint now);
  /// The POST was answered elsewhere (too large) and counts as never sent.
  void forget_post(RequestId request);
  /// The client dropped a request that was not answered.
  void abort(RequestId request);

  // --- WebSocket ---
  void websocket_opened(SocketId socket, TimePoint now);
  void websocket_message(SocketId socket, std::string_view data, bool binary, TimePoint now);
  /// `reason` as in ChannelHandler::on_closed; it counts only for the socket in use.
  void websocket_closed(SocketId socket, std::string_view reason);

  // --- Application and time ---
  /// On polling the message waits for `flush`, so that a burst shares one answer.
  void send(SharedBytes message, bool binary);
  /// Answers a waiting poll with what was sent. To be called at the end of a turn.
  void flush();
  void close(CloseReason reason, TimePoint now);
  /// Ends everything at once, without a word to the client where that would have to wait.
  void abandon();
  void timer(TimePoint now);
  /// When `timer` is due.
  std::optional<TimePoint> next_deadline() const;

  bool has_actions() const { return !actions_.empty(); }
  /// Moves the pending actions into `out`, whose old content is dropped but not its memory.
  void take_actions(std::vector<Action>& out);

  const std::string& sid() const { return sid_; }
  bool is_open() const { return state_ == State::open; }
  /// The transport requests must agree with; nothing once the session is over for clients.
  std::optional<Transport> transport() const;
  /// Whether a message would not have to wait for a poll.
  bool is_writable() const { return state_ == State::open && (socket_ || (poll_ && buffer_.empty())); }
  /// Over but for the `close` packet that waits for a poll.
  bool is_lingering() const { return state_ == State::lingering; }
  /// A WebSocket is there that has not taken over yet.
  bool is_upgrading() const { return probe_.has_value(); }
  bool needs_flush() const { return poll_.has_value() && !buffer_.empty(); }
  /// Bytes that wait for a poll.
  std::size_t buffered_bytes() const { return buffered_bytes_; }

 private:
  /// `lingering`: over for the application, but the client's next poll still gets a farewell.
  enum class State : std::uint8_t { open, lingering, gone };

  void handle(const Packet& packet, PacketType poll_farewell, TimePoint now);
  void handle_probe(std::string_view text, bool binary);
  void complete_upgrade();
  void drop_probe(CloseStatus status);
  void leave(TimePoint now);
  void expire(TimePoint now);
  void beat(TimePoint now);
  void push(OutgoingPacket packet);
  void answer_poll();
  void answer_poll_with(PacketType type);
  void refuse(RequestId request, std::string_view reason = {});
  void fault(std::string_view reason, CloseStatus status);
  void end(std::string_view reason, PacketType poll_farewell, CloseStatus status);
  void close_sockets(CloseStatus status, bool discard);
  void clear_buffer();

  std::string sid_;
  Settings settings_;
  State state_ = State::open;
  Transport transport_ = Transport::polling;
  bool is_leaving_ = false;  ///< lingering because the client left, not because we closed
  bool awaiting_pong_ = false;
  TimePoint heartbeat_at_;  ///< the next ping, or the end of waiting for its pong
  std::optional<TimePoint> upgrade_until_, noop_at_, linger_until_;
  std::optional<RequestId> poll_, post_;
  std::optional<std::size_t> poll_nonce_, post_nonce_;  ///< hashes of the last ones
  std::optional<SocketId> socket_, probe_;
  bool probed_ = false;  ///< the probing socket has shown that it works
  std::vector<OutgoingPacket> buffer_;
  std::size_t buffered_bytes_ = 0;
  std::vector<Action> actions_;
};

}  // namespace hawser::engineio
