#include "net/deflate.h"
#include "net/websocket_frame.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using hawser::net::FrameEvent;
using hawser::net::FrameReader;
using hawser::net::Inflater;

constexpr std::size_t kMaxMessage = 4096;

/// All events of `bytes` when they arrive in pieces of `step`, as one comparable text.
std::string read(std::string bytes, std::size_t step, bool deflate) {
  static Inflater inflater;
  FrameReader reader(kMaxMessage);
  if (deflate) reader.inflate_with(inflater);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> piece(bytes.data() + at, std::min(step, bytes.size() - at));
    while (true) {
      const auto event = reader.next(piece);
      if (event.kind == FrameEvent::Kind::none) break;
      seen += std::to_string(static_cast<int>(event.kind)) + ':' + std::to_string(event.code) + ':';
      if (event.kind == FrameEvent::Kind::error) return seen;
      if (event.data.size() > kMaxMessage) std::abort();
      seen.append(event.data);
    }
  }
  return seen;
}

}  // namespace

/// However the bytes are cut, the events are the same. The first byte chooses the cut, and whether messages
/// may be compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool deflate = data[0] >= 128;
  if (read(bytes, bytes.size(), deflate) != read(bytes, 1U + data[0] % 16U, deflate)) std::abort();
  return 0;
}
