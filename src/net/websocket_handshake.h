#pragma once

#include <string>
#include <string_view>

namespace hawser::net {

/// Whether the value of Sec-WebSocket-Key is 16 bytes in base64 (RFC 6455, section 4.2.1).
bool is_websocket_key(std::string_view key);

/// The answer 101 to an upgrade request with this key. Extensions and subprotocols are declined.
std::string switching_protocols(std::string_view key);

}  // namespace hawser::net
