#include "session/core.h"

#include <utility>

#include "session/session.h"

namespace hawser::session {

Core::Core(const Parts& parts) : parts_(parts) {
  parts_.hub.watch([this](const job::CommitGroup& group) { on_commit(group); });
}

Core::~Core() = default;

std::unique_ptr<ChannelHandler> Core::make_session(Channel& channel, const HandshakeInfo& info) {
  return std::make_unique<Session>(*this, channel, info);
}

void Core::announce_shutdown() {
  for (auto* session : sessions_) session->announce_shutdown();
}

void Core::on_commit(const job::CommitGroup& group) {
  if (!group.work_queued && group.revoked.empty()) return;
  for (auto* session : with_workers_) session->on_commit(group);
}

void Core::close_older(const std::string& sid, TimePoint connected_at) {
  const auto found = connected_.find(sid);
  if (found != connected_.end() && found->second->connected_at() < connected_at)
    found->second->close_for_heir();
}

void Core::enter(const std::string& sid, Session& session) {
  const auto [holder, is_new] = connected_.try_emplace(sid, &session);
  if (!is_new && holder->second != &session) std::exchange(holder->second, &session)->close_for_heir();
  if (parts_.close_older_elsewhere) parts_.close_older_elsewhere(sid, session.connected_at());
}

void Core::leave(const std::string& sid, const Session& session) {
  const auto found = connected_.find(sid);
  if (found != connected_.end() && found->second == &session) connected_.erase(found);
}

}  // namespace hawser::session
