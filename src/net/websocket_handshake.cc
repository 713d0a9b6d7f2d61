#include "net/websocket_handshake.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "engineio/base64.h"

namespace hawser::net {
namespace {

/// RFC 6455, section 1.3.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

std::string accept_key(std::string_view key) {
  const auto input = std::string(key).append(kGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr);
  const std::string bytes(digest.begin(), digest.begin() + size);
  std::string out;
  engineio::append_base64(out, bytes);
  return out;
}

}  // namespace

bool is_websocket_key(std::string_view key) {
  std::string copy(key);
  return engineio::decode_base64_in_place(copy) == 16;
}

std::string switching_protocols(std::string_view key, const std::optional<DeflateTerms>& deflate) {
  const auto extensions =
      deflate ? fmt::format("Sec-WebSocket-Extensions: {}\r\n", to_header(*deflate)) : std::string();
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\n{}\r\n",
      accept_key(key), extensions);
}

}  // namespace hawser::net
