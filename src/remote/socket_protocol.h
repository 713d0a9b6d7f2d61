#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "socketio/packet.h"

namespace hawser::remote {

/// The client's side of Engine.IO 4 and Socket.IO 5 over one WebSocket, in one namespace. Sans I/O: texts go
/// in, texts come out of `send`. One object a connection; single-threaded.
class SocketProtocol {
 public:
  using Reply = std::move_only_function<void(Result<std::string>)>;
  struct Hooks {
    std::function<void(std::string)> send;
    /// The server opened the transport; it pings at least this often or is gone.
    std::function<void(Millis silence_limit)> on_open;
    std::function<void()> on_connected;
    /// Name and first argument (JSON; "null" when there is none).
    std::function<void(std::string_view event, std::string_view body)> on_event;
  };

  /// `nsp` must outlive it.
  SocketProtocol(std::string token, Hooks hooks, std::string_view nsp = socketio::kDefaultNamespace)
      : token_(std::move(token)), hooks_(std::move(hooks)), nsp_(nsp) {}

  /// One text message of the server. An error ends the connection: `unauthorized` and `shutting_down` (the
  /// server said goodbye for good) are final, `unavailable` is worth another attempt.
  Status receive(std::string_view message);

  /// Sends an event with an ack; only while connected. `reply` gets the ack's first argument, or the error
  /// that it carries.
  std::uint64_t request(std::string_view event, std::string_view argument, Reply reply);
  /// Answers `timeout` for this request if it has no answer yet.
  void expire(std::uint64_t id);
  /// The connection is gone: answers `unavailable` for everything that has no answer yet.
  void abandon();
  bool is_connected() const { return connected_; }

 private:
  Status receive_open(std::string_view json);
  Status receive_packet(std::string_view text);

  std::string token_;
  Hooks hooks_;
  std::string_view nsp_;
  bool connected_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, Reply> replies_;
};

/// The ack or CONNECT_ERROR body {error | message, code?} as an error; nothing when it is none.
std::optional<Error> error_in(std::string_view json);

}  // namespace hawser::remote
