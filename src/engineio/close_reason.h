#pragma once

#include <cstdint>
#include <string_view>

#include "base/channel.h"

namespace hawser::engineio {

/// Close codes of RFC 6455, section 7.4.1, and its registry.
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupported = 1003;
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kTryAgainLater = 1013;
}  // namespace close_code

/// What a WebSocket is closed with.
std::uint16_t close_code_of(CloseReason reason);
/// What the application is told, in the spelling of Socket.IO.
std::string_view reason_text(CloseReason reason);

}  // namespace hawser::engineio
