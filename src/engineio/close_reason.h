#pragma once

#include <cstdint>
#include <string_view>

#include "base/channel.h"

namespace hawser::engineio {

/// What a session is closed with: a code of RFC 6455 section 7.4.1 or its registry, and a sentence for the
/// developer of the client, in at most 123 bytes of ASCII without quotes; it may be empty. Refers to static
/// text.
struct CloseStatus {
  std::uint16_t code = 1000;
  std::string_view reason{};

  bool operator==(const CloseStatus&) const = default;
};

/// How the protocol itself ends sessions and sockets.
namespace close_status {
inline constexpr CloseStatus kNormal{1000};
inline constexpr CloseStatus kStopped{1001, "the server is shutting down"};
inline constexpr CloseStatus kPingTimeout{1001, "ping timeout: no pong came in time"};
inline constexpr CloseStatus kBadPacket{1002, "not a packet of Engine.IO v4"};
inline constexpr CloseStatus kClientPing{1002,
                                         "a ping from the client: in Engine.IO v4 only servers send pings"};
inline constexpr CloseStatus kConcurrentPoll{1002, "two polls at once"};
inline constexpr CloseStatus kConcurrentPost{1002, "two posts at once"};
inline constexpr CloseStatus kRepeated{
    1002, "the same request twice (parameter t): its answer may be lost, reconnect"};
inline constexpr CloseStatus kUpgradeTaken{1000, "the session has a WebSocket already, or is closed"};
inline constexpr CloseStatus kUpgradeFailed{1000, "the upgrade was not completed"};
}  // namespace close_status

CloseStatus close_status_of(CloseReason reason);
/// Whether the client broke the rules, so that the requests it has open are refused.
bool is_client_fault(CloseReason reason);
/// What the application is told, in the spelling of Socket.IO.
std::string_view reason_text(CloseReason reason);

}  // namespace hawser::engineio
