#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/message.h"

namespace hawser::socketio {

/// The packet types of Socket.IO protocol 5; the value is the digit on the wire.
enum class PacketType : std::uint8_t {
  connect = 0,
  disconnect = 1,
  event = 2,
  ack = 3,
  connect_error = 4,
  binary_event = 5,
  binary_ack = 6,
};

inline constexpr std::string_view kDefaultNamespace = "/";

/// One packet, decoded: `<type>[<attachments>-][<namespace>,][<ack id>][<json>]`.
///
/// The same for both directions, so that our client uses this codec too. `nsp` and `payload` are slices of
/// the text that was decoded, which must outlive them; the payload is never written again. The bytes of
/// attachments follow as binary messages and are collected by whoever reads (see connection.h).
struct Packet {
  PacketType type = PacketType::event;
  std::string_view nsp = kDefaultNamespace;
  std::optional<std::uint64_t> id;  ///< always there in ack packets, never in (dis)connect ones
  std::size_t attachments = 0;      ///< 1..kMaxAttachments in binary packets, else 0
  std::string_view payload;         ///< JSON; empty when there is none
  std::string event;                ///< of event packets: the name, unescaped (digits when it is a number)

  bool is_event() const { return type == PacketType::event || type == PacketType::binary_event; }
  bool is_ack() const { return type == PacketType::ack || type == PacketType::binary_ack; }
  /// What follows the event name in an event, everything in an ack, as an iteration over values.
  json::View::Elements arguments() const;
};

/// Decodes the text of one Engine.IO message. Checked here: the grammar, the payload's kind for its type,
/// reserved and overlong event names, ack ids of at most 64 bits, the number of attachments, placeholders
/// without an attachment, nesting. Errors: bad_request; the connection is to be closed (wire.md 2.2).
Result<Packet> decode(std::string_view message);

/// Writes a packet; `event` is ignored, the payload must be what its type demands.
std::string encode(const Packet& packet);

// The packets one needs, from their parts. Every `…_json` and every argument is one valid JSON value.

/// `payload_json` is the auth object of a client or `{"sid":…}` of a server; may be empty.
std::string encode_connect(std::string_view nsp, std::string_view payload_json);
std::string encode_connect_error(std::string_view nsp, std::string_view message,
                                 std::string_view data_json = {});
std::string encode_disconnect(std::string_view nsp);
std::string encode_event(std::string_view nsp, std::string_view event,
                         std::initializer_list<std::string_view> arguments,
                         std::optional<std::uint64_t> id = std::nullopt);
std::string encode_ack(std::string_view nsp, std::uint64_t id,
                       std::initializer_list<std::string_view> arguments);

/// An event or ack with whatever attachments it has (see arguments.h), ready to be sent to many.
EncodedPacket encode_event(std::string_view nsp, Payload payload,
                           std::optional<std::uint64_t> id = std::nullopt);
EncodedPacket encode_ack(std::string_view nsp, std::uint64_t id, Payload payload);

/// Whether libraries keep this event name for themselves: it may neither be received nor sent.
bool is_reserved_event(std::string_view name);

}  // namespace hawser::socketio
