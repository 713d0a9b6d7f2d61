#include "session/outlet.h"

#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "socketio/packet.h"

namespace hawser::session {

void Outlet::send(SharedBytes packet) {
  if (line_.closed) return;
  line_.channel.send(std::move(packet));
  if (line_.channel.buffered_bytes() > limits::kSendHardLimit) close(CloseReason::too_slow);
}

void Outlet::event(std::string_view name, std::string_view body_json) {
  send(socketio::encode_event(nsp_, name, {body_json}));
}

void Outlet::event(std::string_view name, std::string_view body_json, std::string_view offset) {
  if (offset.empty()) return event(name, body_json);
  send(socketio::encode_event(nsp_, name, {body_json, json::quoted(offset)}));
}

void Outlet::ack(const Ack& ack, std::string_view body_json) {
  if (ack) send(socketio::encode_ack(nsp_, *ack, {body_json}));
}

void Outlet::refuse(const Ack& ack, std::string_view job_id, const Error& error) {
  json::Object body;
  if (!ack && !job_id.empty()) body.add("jobId", job_id);
  body.add("error", error.message).add("code", code_name(error.code));
  if (error.retry_after) body.add("retryAfter", std::chrono::duration<double>(*error.retry_after).count());
  if (ack) {
    this->ack(ack, body.str());
  } else {
    event("job:error", body.str());
  }
}

bool Outlet::has_room() const {
  return !line_.closed && line_.channel.has_room();
}

void Outlet::close(CloseReason reason) {
  if (std::exchange(line_.closed, true)) return;
  line_.channel.close(reason);
}

}  // namespace hawser::session
