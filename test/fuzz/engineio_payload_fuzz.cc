#include <cstdint>
#include <string>

#include "engineio/packet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string body(reinterpret_cast<const char*>(data), size);
  hawser::engineio::PayloadReader reader(body);
  while (reader.next()) continue;
  return 0;
}
