#include <cstdint>
#include <cstdlib>
#include <string>

#include "socketio/packet.h"

/// What was decoded can be written, and reads as the same packet again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto packet = hawser::socketio::decode(text);
  if (!packet) return 0;
  const auto written = hawser::socketio::encode(*packet);
  const auto again = hawser::socketio::decode(written);
  if (!again || again->type != packet->type || again->nsp != packet->nsp || again->id != packet->id ||
      again->payload != packet->payload || again->event != packet->event) {
    std::abort();
  }
  return 0;
}
