#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/channel.h"
#include "base/error.h"

namespace hawser::session {

/// The ack id of a command; nothing when its sender wants no ack.
using Ack = std::optional<std::uint64_t>;

/// The connection of a session, shared by the outlets of its namespaces.
struct Line {
  Channel& channel;
  bool closed = false;
};

/// What a session sends in one namespace, and its one way to end the connection. Job events stop at
/// kSendHighWater (`has_room`); answers may go on to kSendHardLimit, where the peer is closed.
class Outlet {
 public:
  /// `nsp` must outlive it, as `line` must.
  Outlet(Line& line, std::string_view nsp) : line_(line), nsp_(nsp) {}

  void send(SharedBytes packet);
  void send(std::string packet) { send(share(std::move(packet))); }
  void event(std::string_view name, std::string_view body_json);
  /// The same with the offset (stream_offset.h) as its last argument, if it is not empty.
  void event(std::string_view name, std::string_view body_json, std::string_view offset);

  /// Answers a command, if an answer was asked for.
  void ack(const Ack& ack, std::string_view body_json);
  /// `{error, code, retryAfter?}` as the ack, or `job:error {jobId?, …}` where none was asked for; retryAfter
  /// in seconds.
  void refuse(const Ack& ack, std::string_view job_id, const Error& error);

  bool has_room() const;
  bool is_closed() const { return line_.closed; }
  /// The first reason counts; nothing is sent after it.
  void close(CloseReason reason);
  /// The transport is gone.
  void on_closed() { line_.closed = true; }

 private:
  Line& line_;
  std::string_view nsp_;
};

}  // namespace hawser::session
