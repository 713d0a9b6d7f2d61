#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/channel.h"
#include "base/gauge.h"

/// What operators are told of the limits and of who ran into them.
namespace hawser::net {

/// Why somebody was turned away before anything was opened; answered 503 where an answer is possible.
enum class Refusal : std::uint8_t {
  connections,      ///< max_connections are open
  address,          ///< max_connections_per_address are open from there
  descriptors,      ///< accept failed for want of descriptors or memory
  sessions,         ///< max_connections sessions are open
  unauthenticated,  ///< max_unauthenticated sessions are open
  draining
};
inline constexpr std::size_t kRefusals = 6;
std::string_view name_of(Refusal refusal);

/// How a session ended: the reasons of Socket.IO for what the peer or the line did, and ours.
enum class Ending : std::uint8_t {
  transport_close,
  transport_error,
  ping_timeout,
  parse_error,
  forced,  ///< abandoned, as at the end of a drain
  going_away,
  protocol_error,
  unsupported,
  too_slow,
  overloaded,
  connect_timeout,
  taken_over,
  final_disconnect
};
inline constexpr std::size_t kEndings = 13;
std::string_view name_of(Ending ending);
Ending ending_of(CloseReason reason);
/// `reason` as in ChannelHandler::on_closed.
Ending ending_of(std::string_view reason);

/// Statuses of HTTP answers that refuse; the last one stands for all others.
inline constexpr std::array<int, 14> kRefusedStatuses = {400, 401, 403, 404, 405, 408, 411,
                                                         413, 429, 431, 500, 503, 505, 0};
/// Close codes for faults of WebSocket peers; the last one stands for all others.
inline constexpr std::array<int, 6> kFaultCodes = {1002, 1007, 1008, 1009, 1013, 0};

/// Position of `code` in one of the two arrays.
template <std::size_t N>
constexpr std::size_t slot_of(const std::array<int, N>& codes, int code) {
  std::size_t slot = 0;
  while (slot + 1 < N && codes[slot] != code) ++slot;
  return slot;
}

/// The counts of one core: changed there, read by any thread.
struct alignas(64) CoreGauges {
  Gauge unauthenticated;  ///< sessions whose peer has not proved yet who it is
  Gauge lingering;        ///< sessions that are over but for their client's last poll
  Gauge upgrades;         ///< WebSockets that probe, or take their leave
  Gauge send_bytes;       ///< not taken by the kernel, or by a poll
  Gauge receive_bytes;    ///< heads, bodies and messages that are not complete
  Counter opened;         ///< sessions
  std::array<Counter, kEndings> endings;
  std::array<Counter, kRefusals> refusals;
  std::array<Counter, kRefusedStatuses.size()> refused_requests;
  std::array<Counter, kFaultCodes.size()> websocket_faults;

  void count(Refusal refusal) { refusals[static_cast<std::size_t>(refusal)].add(1); }
  void count(Ending ending) { endings[static_cast<std::size_t>(ending)].add(1); }
};

}  // namespace hawser::net
