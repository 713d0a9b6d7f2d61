#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/deflate_offer.h"

namespace hawser::net {

/// Whether the value of Sec-WebSocket-Key is 16 bytes in base64 (RFC 6455, section 4.2.1).
bool is_websocket_key(std::string_view key);

/// The answer 101 to an upgrade request with this key. Subprotocols are declined, and extensions but for
/// the one in `deflate`.
std::string switching_protocols(std::string_view key, const std::optional<DeflateTerms>& deflate);

}  // namespace hawser::net
