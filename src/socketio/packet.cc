#include "socketio/packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/limits.h"
#include "socketio/placeholders.h"

namespace hawser::socketio {
namespace {

/// Names that libraries use for their own events.
constexpr std::array<std::string_view, 6> kReservedEvents = {
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_binary(PacketType type) {
  return type == PacketType::binary_event || type == PacketType::binary_ack;
}

std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const auto digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

template <class T>
std::optional<T> parse_number(std::string_view digits) {
  T value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Result<std::size_t> take_attachments(std::string_view& text) {
  const auto count = parse_number<std::size_t>(take_digits(text));
  if (!count || text.empty() || text[0] != '-') {
    return fail(Errc::bad_request, "A binary packet must tell its number of attachments.");
  }
  text.remove_prefix(1);
  if (*count == 0 || *count > limits::kMaxAttachments) {
    return fail(Errc::bad_request,
                fmt::format("A binary packet has 1 to {} attachments.", limits::kMaxAttachments));
  }
  return *count;
}

std::string_view take_namespace(std::string_view& text) {
  if (text.empty() || text[0] != '/') return kDefaultNamespace;
  const auto comma = text.find(',');
  const auto nsp = text.substr(0, comma);
  text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  return nsp;
}

Status take_id(std::string_view& text, Packet& packet) {
  const auto digits = take_digits(text);
  if (!digits.empty()) {
    packet.id = parse_number<std::uint64_t>(digits);
    if (!packet.id) return fail(Errc::bad_request, "The ack id is too large.");
    if (!packet.is_event() && !packet.is_ack()) {
      return fail(Errc::bad_request, "This type of packet has no ack id.");
    }
  }
  if (packet.is_ack() && !packet.id) return fail(Errc::bad_request, "An ack must have an id.");
  return {};
}

Status read_event_name(json::View array, Packet& packet) {
  auto elements = array.elements();
  const auto name = elements.next();
  if (!name || (!name->is(json::Kind::string) && !name->is(json::Kind::number))) {
    return fail(Errc::bad_request, "An event is an array that begins with its name.");
  }
  packet.event = name->is(json::Kind::string) ? *name->as_string() : std::string(name->raw());
  if (packet.event.size() > limits::kMaxEventName) {
    return fail(Errc::bad_request, fmt::format("Event names have at most {} bytes.", limits::kMaxEventName));
  }
  if (is_reserved_event(packet.event)) {
    return fail(Errc::bad_request, "The event name is reserved.");
  }
  return {};
}

Status check_kind(json::View payload, Packet& packet) {
  switch (packet.type) {
    case PacketType::connect:
      if (payload.is(json::Kind::object)) return {};
      return fail(Errc::bad_request, "The payload of CONNECT must be an object.");
    case PacketType::disconnect: return fail(Errc::bad_request, "DISCONNECT has no payload.");
    case PacketType::connect_error:
      if (payload.is(json::Kind::object) || payload.is(json::Kind::string)) return {};
      return fail(Errc::bad_request, "The payload of CONNECT_ERROR must be an object.");
    case PacketType::ack:
    case PacketType::binary_ack:
      if (payload.is(json::Kind::array)) return {};
      return fail(Errc::bad_request, "The payload of an ack must be an array.");
    case PacketType::event:
    case PacketType::binary_event:
      if (payload.is(json::Kind::array)) return read_event_name(payload, packet);
      return fail(Errc::bad_request, "The payload of an event must be an array.");
  }
  return fail(Errc::bad_request, "Unknown packet type.");
}

Status read_payload(std::string_view text, Packet& packet) {
  if (text.empty()) {
    if (packet.type == PacketType::connect || packet.type == PacketType::disconnect) return {};
    return fail(Errc::bad_request, "The packet has no payload.");
  }
  const auto payload = json::validate(text);
  if (!payload) return std::unexpected(payload.error());
  packet.payload = payload->raw();
  // The reference parser takes white space there for the ack id 0.
  if (!text.starts_with(packet.payload))
    return fail(Errc::bad_request, "White space stands before the payload.");
  if (auto ok = check_kind(*payload, packet); !ok) return ok;
  if (packet.attachments > 0 && !placeholders_are_valid(packet.payload, packet.attachments)) {
    return fail(Errc::bad_request, "A placeholder names an attachment that does not exist.");
  }
  return {};
}

EncodedPacket with_attachments(Packet packet, Payload payload, PacketType binary_type) {
  packet.attachments = payload.attachments.size();
  packet.payload = payload.json;
  if (packet.attachments > 0) packet.type = binary_type;
  return {share(encode(packet)), std::move(payload.attachments)};
}

std::string joined(std::string_view first, std::initializer_list<std::string_view> rest) {
  std::string out = "[";
  out += first;
  for (const auto argument : rest) {
    if (out.size() > 1) out += ',';
    out += argument;
  }
  out += ']';
  return out;
}

}  // namespace

json::View::Elements Packet::arguments() const {
  auto elements = json::View(payload).elements();
  if (is_event()) elements.next();
  return elements;
}

Result<Packet> decode(std::string_view message) {
  if (message.empty() || message[0] < '0' || message[0] > '6') {
    return fail(Errc::bad_request, "Unknown packet type.");
  }
  Packet packet;
  packet.type = static_cast<PacketType>(message[0] - '0');
  message.remove_prefix(1);
  if (is_binary(packet.type)) {
    const auto count = take_attachments(message);
    if (!count) return std::unexpected(count.error());
    packet.attachments = *count;
  }
  packet.nsp = take_namespace(message);
  if (auto ok = take_id(message, packet); !ok) return std::unexpected(ok.error());
  if (auto ok = read_payload(message, packet); !ok) return std::unexpected(ok.error());
  return packet;
}

std::string encode(const Packet& packet) {
  std::string out;
  out.reserve(packet.payload.size() + packet.nsp.size() + 32);
  out += static_cast<char>('0' + static_cast<int>(packet.type));
  if (packet.attachments > 0) fmt::format_to(std::back_inserter(out), "{}-", packet.attachments);
  if (packet.nsp != kDefaultNamespace) {
    out += packet.nsp;
    out += ',';
  }
  if (packet.id) fmt::format_to(std::back_inserter(out), "{}", *packet.id);
  out += packet.payload;
  return out;
}

std::string encode_connect(std::string_view nsp, std::string_view payload_json) {
  return encode({.type = PacketType::connect, .nsp = nsp, .id = {}, .payload = payload_json, .event = {}});
}

std::string encode_connect_error(std::string_view nsp, std::string_view message, std::string_view data_json) {
  json::Object body;
  body.add("message", message);
  if (!data_json.empty()) body.raw("data", data_json);
  const auto payload = body.str();
  return encode({.type = PacketType::connect_error, .nsp = nsp, .id = {}, .payload = payload, .event = {}});
}

std::string encode_disconnect(std::string_view nsp) {
  return encode({.type = PacketType::disconnect, .nsp = nsp, .id = {}, .payload = {}, .event = {}});
}

std::string encode_event(std::string_view nsp, std::string_view event,
                         std::initializer_list<std::string_view> arguments, std::optional<std::uint64_t> id) {
  const auto payload = joined(json::quoted(event), arguments);
  return encode({.type = PacketType::event, .nsp = nsp, .id = id, .payload = payload, .event = {}});
}

std::string encode_ack(std::string_view nsp, std::uint64_t id,
                       std::initializer_list<std::string_view> arguments) {
  const auto payload = joined({}, arguments);
  return encode({.type = PacketType::ack, .nsp = nsp, .id = id, .payload = payload, .event = {}});
}

EncodedPacket encode_event(std::string_view nsp, Payload payload, std::optional<std::uint64_t> id) {
  return with_attachments({.type = PacketType::event, .nsp = nsp, .id = id, .payload = {}, .event = {}},
                          std::move(payload), PacketType::binary_event);
}

EncodedPacket encode_ack(std::string_view nsp, std::uint64_t id, Payload payload) {
  return with_attachments({.type = PacketType::ack, .nsp = nsp, .id = id, .payload = {}, .event = {}},
                          std::move(payload), PacketType::binary_ack);
}

bool is_reserved_event(std::string_view name) {
  return std::ranges::find(kReservedEvents, name) != kReservedEvents.end();
}

}  // namespace hawser::socketio
