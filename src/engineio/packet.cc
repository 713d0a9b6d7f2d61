#include "engineio/packet.h"

#include <span>

#include "base/utf8.h"
#include "engineio/base64.h"

namespace hawser::engineio {
namespace {

constexpr char kSeparator = '\x1e';
constexpr char kBinaryMark = 'b';

}  // namespace

std::optional<Packet> decode_text(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > type_char(PacketType::noop)) return std::nullopt;
  return Packet{static_cast<PacketType>(text.front() - '0'), false, text.substr(1)};
}

PayloadReader::PayloadReader(std::string& body) : body_(body), failed_(!utf8::is_valid(body)) {}

std::optional<Packet> PayloadReader::next() {
  if (at_end_ || failed_) return std::nullopt;
  const auto separator = body_.find(kSeparator, position_);
  at_end_ = separator == std::string::npos;
  const auto end = at_end_ ? body_.size() : separator;
  const auto bytes = std::span(body_).subspan(position_, end - position_);
  position_ = end + 1;
  if (bytes.empty()) return fail();
  if (bytes.front() == kBinaryMark) {
    const auto encoded = bytes.subspan(1);
    const auto size = decode_base64_in_place(encoded);
    if (!size) return fail();
    return Packet{PacketType::message, true, std::string_view(encoded.data(), *size)};
  }
  auto packet = decode_text(std::string_view(bytes.data(), bytes.size()));
  return packet ? packet : fail();
}

std::optional<Packet> PayloadReader::fail() {
  failed_ = true;
  return std::nullopt;
}

void append_to_payload(std::string& payload, const OutgoingPacket& packet) {
  if (!payload.empty()) payload += kSeparator;
  if (packet.binary) {
    payload += kBinaryMark;
    append_base64(payload, packet.bytes());
    return;
  }
  payload += type_char(packet.type);
  payload += packet.bytes();
}

}  // namespace hawser::engineio
