#include "engineio/close_reason.h"

namespace hawser::engineio {

std::uint16_t close_code_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::going_away: return close_code::kGoingAway;
    case CloseReason::protocol_error: return close_code::kProtocolError;
    case CloseReason::unsupported: return close_code::kUnsupported;
    case CloseReason::too_slow:
    case CloseReason::overloaded: return close_code::kTryAgainLater;
    case CloseReason::connect_timeout: return close_code::kPolicyViolation;
    case CloseReason::taken_over:
    case CloseReason::final_disconnect: return close_code::kNormal;
  }
  return close_code::kNormal;
}

std::string_view reason_text(CloseReason reason) {
  switch (reason) {
    case CloseReason::going_away: return "server shutting down";
    case CloseReason::protocol_error:
    case CloseReason::unsupported: return "parse error";
    default: return "forced close";
  }
}

}  // namespace hawser::engineio
