#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// Engine.IO v4 packets (github.com/socketio/engine.io-protocol). Pure functions over bytes.
namespace hawser::engineio {

enum class PacketType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };

constexpr char type_char(PacketType type) {
  return static_cast<char>('0' + static_cast<int>(type));
}

/// A received packet: a view into the bytes it came in.
struct Packet {
  PacketType type = PacketType::message;
  bool binary = false;  ///< a message of bytes, which has no type character
  std::string_view data;

  bool operator==(const Packet&) const = default;
};

/// A packet to be sent. Its body is shared and never copied on a WebSocket; null means empty.
struct OutgoingPacket {
  PacketType type = PacketType::message;
  bool binary = false;
  SharedBytes data;

  std::string_view bytes() const { return data ? std::string_view(*data) : std::string_view(); }
};

/// Decodes the text of one packet. Nothing when it is empty or its type is unknown.
std::optional<Packet> decode_text(std::string_view text);

/// Walks over the packets of a polling body. Linear in the size of the body, whatever is in it.
/// Base64 is decoded in place, so every packet is a view into `body`, which must outlive them.
class PayloadReader {
 public:
  explicit PayloadReader(std::string& body);
  /// The next packet; nothing at the end and at the first malformed packet.
  std::optional<Packet> next();
  /// Whether the walk ended at something malformed: an empty or unknown packet, bad base64, bad UTF-8.
  bool failed() const { return failed_; }

 private:
  std::optional<Packet> fail();

  std::string& body_;
  std::size_t position_ = 0;
  bool at_end_ = false;
  bool failed_ = false;
};

/// Appends one packet to a polling body, with the separator when the body is not empty.
void append_to_payload(std::string& payload, const OutgoingPacket& packet);

}  // namespace hawser::engineio
