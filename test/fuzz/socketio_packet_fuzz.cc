#include "socketio/packet.h"

#include <algorithm>
#include <string>

#include "base/limits.h"
#include "socketio/placeholders.h"
#include "test/fuzz/check.h"

namespace {

namespace json = hawser::json;
using namespace hawser::socketio;
using hawser::fuzz::check;
using hawser::fuzz::lies_within;
using json::Kind;
using json::View;

bool is_attachment(View number, std::size_t attachments) {
  const auto index = number.as_integer();
  return index && *index >= 0 && static_cast<std::size_t>(*index) < attachments;
}

/// The rule of placeholders once more, slowly: of two members of one name the last counts.
bool has_valid_placeholders(View value, std::size_t attachments) {
  auto elements = value.elements();
  while (const auto element = elements.next()) {
    if (!has_valid_placeholders(*element, attachments)) return false;
  }
  bool is_placeholder = false;
  bool names_one = false;
  auto members = value.members();
  while (const auto member = members.next()) {
    if (!has_valid_placeholders(member->value(), attachments)) return false;
    if (member->name == "_placeholder") is_placeholder = member->raw_value == "true";
    if (member->name == "num") names_one = is_attachment(member->value(), attachments);
  }
  return !is_placeholder || names_one;
}

void check_placeholders(std::string_view text) {
  const auto value = json::validate(text);
  if (!value) return;
  for (const std::size_t attachments : {0, 1, 3}) {
    check(placeholders_are_valid(value->raw(), attachments) == has_valid_placeholders(*value, attachments),
          "one pass finds the same placeholders");
  }
}

bool is_binary(PacketType type) {
  return type == PacketType::binary_event || type == PacketType::binary_ack;
}

void check_packet(const Packet& packet, std::string_view text) {
  check(packet.nsp == kDefaultNamespace || lies_within(packet.nsp, text), "the namespace is a slice");
  check(packet.nsp.starts_with('/') && packet.nsp.find(',') == std::string_view::npos, "a namespace is one");
  check(lies_within(packet.payload, text), "the payload is a slice");
  check(packet.payload.empty() || json::validate(packet.payload).has_value(), "the payload is JSON");
  check(packet.attachments <= hawser::limits::kMaxAttachments, "attachments are few");
  check((packet.attachments > 0) == is_binary(packet.type),
        "binary packets, and only they, have attachments");
  check(packet.event.size() <= hawser::limits::kMaxEventName, "event names are short");
  check(!packet.is_ack() || packet.id, "an ack has an id");
  check(!packet.id || packet.is_ack() || packet.is_event(), "only events and acks have ids");
  auto arguments = packet.arguments();
  while (const auto argument = arguments.next()) {
    check(lies_within(argument->raw(), packet.payload), "an argument is a slice");
  }
}

void check_round_trip(const Packet& packet) {
  const auto written = encode(packet);
  const auto again = decode(written);
  check(again && again->type == packet.type && again->nsp == packet.nsp && again->id == packet.id &&
            again->attachments == packet.attachments && again->payload == packet.payload &&
            again->event == packet.event,
        "a packet survives being written");
  check(encode(*again) == written, "a packet has one spelling of ours");
}

/// What the server writes about things that clients named.
void check_answers(std::string_view text, const Packet& packet) {
  const auto error = encode_connect_error(packet.nsp, text);
  const auto refused = decode(error);
  check(refused && refused->type == PacketType::connect_error && refused->nsp == packet.nsp,
        "a refusal can be read");
  if (!packet.id) return;
  const auto ack = encode_ack(packet.nsp, *packet.id, {packet.payload});
  if (const auto read = decode(ack)) {
    check(read->id == packet.id && read->arguments().next()->raw() == packet.payload, "an ack can be read");
  } else {
    check(!json::validate(packet.payload, hawser::limits::kMaxJsonDepth - 1),
          "only depth makes it unreadable");
  }
}

}  // namespace

/// The input is the text of one Engine.IO message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = hawser::fuzz::text_of(data, size);
  check_placeholders(text);
  const auto packet = decode(text);
  if (!packet) return 0;
  check_packet(*packet, text);
  check_round_trip(*packet);
  check_answers(text, *packet);
  return 0;
}
