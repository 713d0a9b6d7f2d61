#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/channel.h"
#include "base/limits.h"
#include "base/time.h"
#include "socketio/packet.h"

namespace hawser::socketio {

// What a received message means for the layer above. Views are valid until the next message.

/// Nothing to do yet: attachments are missing.
struct Nothing {};
/// To be sent as it is: the machine has answered by itself.
struct Reply {
  std::string text;
};
/// The peer asks for a namespace that exists. Answer with `accept` or `refuse`, now or later.
/// `auth` is its JSON object, empty when it sent none. State recovery reads `pid` and `offset` from it.
struct ConnectRequest {
  std::string_view nsp;
  std::string_view auth;
};
/// An event or ack of a connected namespace, with all its attachments.
struct Received {
  Packet packet;
  std::vector<SharedBytes> attachments;
  std::shared_ptr<const std::string> header{};  ///< what the views of a binary packet point into
};
/// The peer left the namespace; the others and the connection go on.
struct Left {
  std::string nsp;
};
/// A rule of the protocol was broken: end the connection.
struct Violation {
  CloseReason reason = CloseReason::protocol_error;
  std::string message;
};

using Action = std::variant<Nothing, Reply, ConnectRequest, Received, Left, Violation>;

/// The Socket.IO side of one Engine.IO session, as wire.md 2.2 has it: messages and time in, actions out.
/// No I/O, no clock; one thread. After a Violation it must not be used any more.
class Connection {
 public:
  /// `namespaces` are the ones that exist; all others are answered "Invalid namespace". Of those, a peer
  /// may be in kMaxNamespaces at a time; one more is refused and the connection goes on.
  Connection(std::vector<std::string> namespaces, TimePoint connect_deadline);

  Action on_message(std::string_view message, bool binary);

  /// When the peer must have been accepted to some namespace; nothing once it has been.
  std::optional<TimePoint> deadline() const;

  bool is_connected(std::string_view nsp) const;
  /// Attachments that are still to come, and the bytes of those that wait for them.
  std::size_t attachments_due() const { return pending_ ? pending_->due - pending_->attachments.size() : 0; }
  std::size_t attachment_bytes() const { return pending_ ? pending_->header->size() + pending_->bytes : 0; }

  // Each returns the packet to send. The namespace of `accept` and `refuse` must have a ConnectRequest that
  // was not answered yet, that of `leave` must be connected.
  /// `pid`, where there is one, is what the peer shows to have its state recovered.
  std::string accept(std::string_view nsp, std::string_view sid, std::string_view pid = {});
  /// The connection stays open and the peer may ask again. `data_json` may be empty.
  std::string refuse(std::string_view nsp, std::string_view message, std::string_view data_json = {});
  std::string leave(std::string_view nsp);
  /// The namespaces that are connected.
  std::vector<std::string> connected() const;

 private:
  enum class State { absent, asked, connected };

  /// A binary packet whose attachments still come in.
  struct Pending {
    std::shared_ptr<const std::string> header;
    std::size_t due = 0;
    std::size_t bytes = 0;
    std::vector<SharedBytes> attachments;
  };

  Action on_text(std::string_view message);
  Action on_binary(std::string_view message);
  Action on_connect(const Packet& packet);
  Action on_packet(Packet packet, std::string_view message);

  bool has_room() const;

  std::map<std::string, State, std::less<>> namespaces_;
  TimePoint connect_deadline_;
  bool was_accepted_ = false;
  std::optional<Pending> pending_;
};

}  // namespace hawser::socketio
