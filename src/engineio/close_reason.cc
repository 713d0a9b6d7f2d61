#include "engineio/close_reason.h"

namespace hawser::engineio {

CloseStatus close_status_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::going_away: return {1001, "the server is shutting down: reconnect"};
    case CloseReason::protocol_error: return {1002, "not a packet of Socket.IO v5 that is allowed here"};
    case CloseReason::unsupported:
      return {
          1003,
          "only the default parser of Socket.IO (JSON) is spoken here: remove the client's option parser"};
    case CloseReason::too_slow: return {1013, "too much waits to be read: reconnect and resume"};
    case CloseReason::overloaded: return {1013, "the server is overloaded: reconnect later"};
    case CloseReason::connect_timeout: return {1008, "no CONNECT packet of Socket.IO came in time"};
    case CloseReason::taken_over: return {1000, "the client has come back on another connection"};
    case CloseReason::final_disconnect: return {1000, "disconnected by the server"};
  }
  return close_status::kNormal;
}

bool is_client_fault(CloseReason reason) {
  return reason == CloseReason::protocol_error || reason == CloseReason::unsupported;
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
