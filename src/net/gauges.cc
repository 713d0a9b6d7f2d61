#include "net/gauges.h"

#include <utility>

namespace hawser::net {
namespace {

using namespace std::string_view_literals;

constexpr std::array<std::string_view, kRefusals> kRefusalNames = {
    "connections"sv, "address"sv, "descriptors"sv, "sessions"sv, "unauthenticated"sv, "draining"sv};

constexpr std::array<std::string_view, kEndings> kEndingNames = {
    "transport_close"sv, "transport_error"sv, "ping_timeout"sv,    "parse_error"sv, "forced"sv,
    "going_away"sv,      "protocol_error"sv,  "unsupported"sv,     "too_slow"sv,    "overloaded"sv,
    "connect_timeout"sv, "taken_over"sv,      "final_disconnect"sv};

constexpr std::array<std::pair<std::string_view, Ending>, 4> kReasons = {{
    {"transport close"sv, Ending::transport_close},
    {"transport error"sv, Ending::transport_error},
    {"ping timeout"sv, Ending::ping_timeout},
    {"parse error"sv, Ending::parse_error},
}};

}  // namespace

std::string_view name_of(Refusal refusal) {
  return kRefusalNames[static_cast<std::size_t>(refusal)];
}

std::string_view name_of(Ending ending) {
  return kEndingNames[static_cast<std::size_t>(ending)];
}

Ending ending_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::going_away: return Ending::going_away;
    case CloseReason::protocol_error: return Ending::protocol_error;
    case CloseReason::unsupported: return Ending::unsupported;
    case CloseReason::too_slow: return Ending::too_slow;
    case CloseReason::overloaded: return Ending::overloaded;
    case CloseReason::connect_timeout: return Ending::connect_timeout;
    case CloseReason::taken_over: return Ending::taken_over;
    case CloseReason::final_disconnect: return Ending::final_disconnect;
  }
  return Ending::forced;
}

Ending ending_of(std::string_view reason) {
  for (const auto& [text, ending] : kReasons) {
    if (text == reason) return ending;
  }
  return Ending::forced;
}

}  // namespace hawser::net
