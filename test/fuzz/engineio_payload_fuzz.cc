#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "engineio/packet.h"
#include "test/fuzz/check.h"

namespace {

using hawser::engineio::OutgoingPacket;
using hawser::engineio::PacketType;
using hawser::engineio::PayloadReader;
using hawser::fuzz::check;
using hawser::fuzz::lies_within;

OutgoingPacket outgoing(const hawser::engineio::Packet& packet) {
  return {packet.type, packet.binary, hawser::share(std::string(packet.data))};
}

/// All packets of a body, as ones to be sent.
std::vector<OutgoingPacket> read(std::string& body, bool& failed) {
  std::vector<OutgoingPacket> packets;
  PayloadReader reader(body);
  while (const auto packet = reader.next()) {
    check(lies_within(packet->data, body), "a packet is a view into its body");
    check(!packet->binary || packet->type == PacketType::message, "only messages are binary");
    packets.push_back(outgoing(*packet));
  }
  failed = reader.failed();
  check(!reader.next() && reader.failed() == failed, "the end of a body stays its end");
  return packets;
}

bool is_same(const OutgoingPacket& a, const OutgoingPacket& b) {
  return a.type == b.type && a.binary == b.binary && a.bytes() == b.bytes();
}

void check_payload(std::string_view text) {
  std::string body(text);
  bool failed = false;
  const auto packets = read(body, failed);
  const auto separators = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\x1e'));
  check(packets.size() <= separators + 1, "a packet stands between two separators");
  check(failed || packets.size() == separators + 1, "no packet is passed over");
  check(hawser::utf8::is_valid(text) || (failed && packets.empty()),
        "nothing is taken from what is not UTF-8");
  if (packets.empty()) return;

  std::string written;
  for (const auto& packet : packets) append_to_payload(written, packet);
  check(failed || written == text, "a body has one spelling");
  const auto again = read(written, failed);
  check(!failed && std::ranges::equal(packets, again, is_same), "packets survive being written");
}

void check_packet(std::string_view text) {
  const auto packet = hawser::engineio::decode_text(text);
  if (!packet) return;
  check(lies_within(packet->data, text), "a packet is a view into its text");
  check(hawser::engineio::type_char(packet->type) + std::string(packet->data) == text,
        "a packet is its type and its data");
}

}  // namespace

/// The input is a polling body and the text of one WebSocket message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = hawser::fuzz::text_of(data, size);
  check_packet(text);
  check_payload(text);
  return 0;
}
