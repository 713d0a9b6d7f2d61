#include "net/websocket_frame.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/utf8.h"
#include "net/deflate.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::net;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
using hawser::fuzz::Cutter;

constexpr std::size_t kMaxMessage = 512;
constexpr std::size_t kMaxFragments = 8;

void check_event(const FrameEvent& event) {
  using Kind = FrameEvent::Kind;
  const bool is_control = event.kind == Kind::ping || event.kind == Kind::pong || event.kind == Kind::close;
  check(event.data.size() <= (is_control ? 125 : kMaxMessage), "events are as large as they may be");
  if (event.kind == Kind::text || event.kind == Kind::close) {
    check(hawser::utf8::is_valid(event.data), "text is UTF-8");
  }
  const bool has_code = event.kind == Kind::close || event.kind == Kind::error;
  check((event.code >= 1000 && event.code < 5000) == has_code, "a code stands where one belongs");
}

/// All events of the bytes when they arrive in these pieces, as one comparable text.
std::string read(Cutter pieces, bool compressed) {
  static Inflater inflater;
  FrameReader reader(kMaxMessage, kMaxFragments);
  if (compressed) reader.inflate_with(inflater);
  std::string seen;
  while (!pieces.done()) {
    std::string piece(pieces.next());
    std::span<char> bytes(piece);
    while (true) {
      const auto event = reader.next(bytes);
      check_event(event);
      if (event.kind == FrameEvent::Kind::none) break;
      seen += std::to_string(static_cast<int>(event.kind)) + ':' + std::to_string(event.code) + ':';
      seen.append(event.data) += ';';
      if (event.kind == FrameEvent::Kind::error) return seen;
    }
    check(bytes.empty(), "a reader that waits has taken all bytes");
  }
  return seen;
}

/// A client's frame: our header with the mask bit, the mask, the masked payload.
std::string masked_frame(Opcode opcode, std::string_view payload, std::uint32_t mask) {
  std::array<char, kMaxFrameHeader> header{};
  const auto header_size = encode_frame_header(header, opcode, payload.size());
  std::string frame(header.data(), header_size);
  frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
  std::array<char, 4> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(mask >> (8 * i));
  frame.append(key.data(), key.size());
  for (std::size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ key[i % 4]);
  return frame;
}

void check_round_trip(std::string_view payload, std::uint32_t mask, Choices sizes, bool compressed) {
  payload = payload.substr(0, kMaxMessage);
  const auto frame = masked_frame(Opcode::binary, payload, mask);
  const auto expected = std::to_string(static_cast<int>(FrameEvent::Kind::binary)) + ":0:";
  check(read(Cutter(frame, sizes), compressed) == expected + std::string(payload) + ';', "a message survives framing");
}

}  // namespace

/// However the bytes of a client are cut, the events are the same. In front of them stands whether messages may
/// be compressed, and the cuts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  const auto first = choices.byte();
  const bool compressed = first >= 128;
  const auto cuts = choices.take(first % 16U);
  const Choices sizes(reinterpret_cast<const std::uint8_t*>(cuts.data()), cuts.size());
  const auto bytes = choices.rest();
  const auto whole = read(Cutter(bytes, Choices(nullptr, 0)), compressed);
  check(read(Cutter(bytes, sizes), compressed) == whole, "cuts change nothing");
  check_round_trip(bytes, static_cast<std::uint32_t>(size * 2654435761U), sizes, compressed);
  return 0;
}
