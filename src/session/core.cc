#include "session/core.h"

#include "session/session.h"

namespace hawser::session {

Core::Core(const Parts& parts) : parts_(parts) {}

Core::~Core() = default;

std::unique_ptr<ChannelHandler> Core::make_session(Channel& channel, const HandshakeInfo& info) {
  return std::make_unique<Session>(*this, channel, info);
}

void Core::announce_shutdown() {
  for (auto* session : sessions_) session->announce_shutdown();
}

}  // namespace hawser::session
