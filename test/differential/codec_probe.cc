// Tells what our codecs make of bytes, for the tests that compare them with the JavaScript parsers. A
// question on standard input is a letter, a length of four bytes (big-endian) and as many bytes; an answer on
// standard output is JSON, ended by a NUL.
//
//   p  a polling body        {"packets":[{"type","text"|"hex"}],"failed":bool,"written":"…"}
//   w  text of a WebSocket   {"type","text"} or {"error"}
//   s  a Socket.IO message   {"type","nsp","id"?,"attachments","data"?,"written"} or {"error"}
//   a  [name, argument]      {"event","ack","connect","refusal","disconnect"}: packets of ours that hold it
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

#include "base/json.h"
#include "engineio/packet.h"
#include "socketio/packet.h"

namespace {

using hawser::json::Object;
using hawser::json::View;
namespace engineio = hawser::engineio;
namespace socketio = hawser::socketio;

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string describe(const engineio::Packet& packet) {
  Object object;
  object.add("type", static_cast<int>(packet.type));
  packet.binary ? object.add("hex", hex(packet.data)) : object.add("text", packet.data);
  return object.str();
}

std::string on_payload(std::string body) {
  engineio::PayloadReader reader(body);
  std::string packets;
  std::string written;
  while (const auto packet = reader.next()) {
    packets += (packets.empty() ? "" : ",") + describe(*packet);
    engineio::append_to_payload(written,
                                {packet->type, packet->binary, hawser::share(std::string(packet->data))});
  }
  return Object()
      .raw("packets", '[' + packets + ']')
      .add("failed", reader.failed())
      .add("written", written)
      .str();
}

std::string on_text(std::string_view text) {
  const auto packet = engineio::decode_text(text);
  return packet ? describe(*packet) : Object().add("error", "not a packet").str();
}

std::string on_message(std::string_view text) {
  const auto packet = socketio::decode(text);
  if (!packet) return Object().add("error", packet.error().message).str();
  Object object;
  object.add("type", static_cast<int>(packet->type)).add("nsp", packet->nsp);
  if (packet->id) object.add("id", std::to_string(*packet->id));
  object.add("attachments", packet->attachments);
  if (!packet->payload.empty()) object.raw("data", packet->payload);
  return object.add("written", socketio::encode(*packet)).str();
}

std::string on_data(std::string_view text) {
  const auto data = hawser::json::validate(text);
  auto elements = data->elements();
  const auto name = elements.next()->as_string().value_or("");
  const auto argument = elements.next();
  const auto raw = argument ? argument->raw() : std::string_view("null");
  return Object()
      .add("event", socketio::encode_event("/chat", name, {raw, raw}, 7))
      .add("ack", socketio::encode_ack("/", 12, {raw}))
      .add("connect", socketio::encode_connect("/", Object().raw("a", raw).str()))
      .add("refusal", socketio::encode_connect_error("/x", name, raw))
      .add("disconnect", socketio::encode_disconnect("/x"))
      .str();
}

std::string answer(char kind, const std::string& bytes) {
  switch (kind) {
    case 'p': return on_payload(bytes);
    case 'w': return on_text(bytes);
    case 's': return on_message(bytes);
    case 'a': return on_data(bytes);
    default: return Object().add("error", "unknown question").str();
  }
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::array<char, 5> head{};
  while (std::cin.read(head.data(), head.size())) {
    std::uint32_t size = 0;
    for (std::size_t i = 1; i < head.size(); ++i) size = size << 8U | static_cast<unsigned char>(head[i]);
    std::string bytes(size, '\0');
    if (!std::cin.read(bytes.data(), size)) return 1;
    std::cout << answer(head[0], bytes) << '\0';  // Payloads may hold line feeds.
  }
  return 0;
}
