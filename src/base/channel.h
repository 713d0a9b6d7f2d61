#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace hawser {

/// Why the server ends a connection. The peer of a `retry` close is meant to come back by itself, so
/// the transport is closed without a Socket.IO DISCONNECT (DESIGN 4, "Closing decides who returns").
enum class CloseReason {
  going_away,       ///< drain; WebSocket 1001
  protocol_error,   ///< undecodable packet or a rule of the protocol broken; 1002
  unsupported,      ///< another encoding than ours, for example a msgpack parser; 1003
  too_slow,         ///< kSendHardLimit reached; 1013
  overloaded,       ///< 1013
  connect_timeout,  ///< no CONNECT arrived; 1008
  taken_over,       ///< its client has come back on another connection; 1000
  final_disconnect  ///< after a Socket.IO DISCONNECT: the client must not return by itself; 1000
};

/// The sending half of an Engine.IO session, seen from above. Implemented by `net`, faked in tests.
/// Lives on one core; every call happens there.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Sends one Engine.IO message: the text of a Socket.IO packet, or a binary attachment. Never blocks.
  /// Order is kept, over an upgrade of the transport as well.
  virtual void send(SharedBytes message, bool binary = false) = 0;
  /// Bytes handed to `send` that the kernel has not taken yet (on polling: that no poll has fetched).
  virtual std::size_t buffered_bytes() const = 0;
  /// Whether a message would leave at once: a poll waits for it, or everything on the WebSocket is sent.
  /// Volatile messages are dropped otherwise.
  virtual bool is_writable() const = 0;
  /// Whether there is room for what can wait: no more than the high-water mark is buffered. When there is
  /// not, `on_writable` follows.
  virtual bool has_room() = 0;
  /// Ends the session after what was sent is flushed. `on_closed` follows, never within this call.
  virtual void close(CloseReason reason) = 0;
};

/// The receiving half: what the application above an Engine.IO session does. Owned by `net`, which
/// destroys it after `on_closed`. All calls on the core of the session, none nested in another.
class ChannelHandler {
 public:
  virtual ~ChannelHandler() = default;
  virtual void on_message(std::string_view message, bool binary) = 0;
  /// Whether the peer has proved who it is; asked after each of its messages until it has. Before that it is
  /// a stranger: its session is one of kMaxUnauthenticated and may be ended to make room for another, its
  /// messages may have kMaxUnauthenticatedPayload bytes, and net gives it nothing that costs memory or time
  /// beyond the bare protocol, such as compression.
  virtual bool is_authenticated() const { return false; }
  /// There is room again: `buffered_bytes` has fallen to kSendLowWater or less.
  virtual void on_writable() = 0;
  /// The transport is gone; nothing may be sent any more. Called exactly once. `reason` is the
  /// spelling of Socket.IO ("transport close", "ping timeout", "transport error", "parse error", …).
  virtual void on_closed(std::string_view reason) = 0;
};

/// What the request that opened the session said. Views are valid during the call only.
struct HandshakeInfo {
  std::string_view query_token;  ///< value of `token` in the query string, percent-decoded; empty if none
  std::string_view remote_address;
};

}  // namespace hawser
