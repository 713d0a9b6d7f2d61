#include "net/core.h"

#include <utility>

#include "net/engine_session.h"
#include "net/listener.h"
#include "net/tcp_connection.h"

namespace hawser::net {
namespace {

using namespace std::chrono_literals;

/// Idle connections that are dropped at a time, and before the next look when there were none: looking at all
/// of them for each one that comes would be work that strangers can ask for.
constexpr std::size_t kSweep = 256;
constexpr auto kSweepPause = 100ms;

}  // namespace

void SessionTable::add(std::string sid, std::shared_ptr<EngineSession> session) {
  sessions_.emplace(std::move(sid), std::move(session));
}

std::shared_ptr<EngineSession> SessionTable::find(const std::string& sid) const {
  const auto found = sessions_.find(sid);
  return found == sessions_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<EngineSession>> SessionTable::all() const {
  std::vector<std::shared_ptr<EngineSession>> all;
  all.reserve(sessions_.size());
  for (const auto& [sid, session] : sessions_) all.push_back(session);
  return all;
}

Core::Core(std::shared_ptr<ServerContext> context, runtime::AsioLoop& loop, std::size_t index,
           std::size_t cores)
    : context_(std::move(context)),
      loop_(loop),
      index_(index),
      cores_(cores),
      next_id_(static_cast<std::uint64_t>(index) << 48U),
      pending_(share_of(context_->config.max_unauthenticated), context_->config.auth_grace,
               gauges_.unauthenticated) {}

Core::~Core() = default;

MessageDeflate& Core::deflate() {
  if (!deflate_) deflate_ = std::make_unique<MessageDeflate>();
  return *deflate_;
}

bool Core::is_short_of_send_memory() const {
  return static_cast<std::size_t>(gauges_.send_bytes.value()) > share_of(context_->config.max_send_bytes);
}

bool Core::is_short_of_receive_memory() const {
  return static_cast<std::size_t>(gauges_.receive_bytes.value()) >
         share_of(context_->config.max_receive_bytes);
}

std::uint64_t Core::next_id() {
  return ++next_id_;
}

void Core::post(std::move_only_function<void(Core&)> task) {
  loop_.post([weak = weak_from_this(), task = std::move(task)]() mutable {
    if (const auto core = weak.lock()) task(*core);
  });
}

void Core::listen(std::shared_ptr<Listener> listener) {
  listener_ = std::move(listener);
  listener_->accept();
}

void Core::add(std::shared_ptr<TcpConnection> connection) {
  auto& added = **connections_.insert(std::move(connection)).first;
  if (dropping_) added.drop("transport close");  // It was on its way from another core.
}

bool Core::drop_idle_connections() {
  const auto now = loop_.now();
  if (now < next_sweep_) return false;
  std::vector<std::shared_ptr<TcpConnection>> idle;
  for (const auto& connection : connections_) {
    const auto since = connection->idle_since();
    if (since && now - *since >= context_->config.idle_grace) idle.push_back(connection);
    if (idle.size() == kSweep) break;
  }
  if (idle.empty()) next_sweep_ = now + kSweepPause;
  for (const auto& connection : idle) connection->drop("transport close");
  return !idle.empty();
}

void Core::mark_dirty(std::shared_ptr<TcpConnection> connection) {
  dirty_.push_back(std::move(connection));
  if (dirty_.size() > 1) return;
  loop_.at_end_of_turn([weak = weak_from_this()] {
    if (const auto core = weak.lock()) core->flush_dirty();
  });
}

void Core::flush_dirty() {
  std::vector<std::shared_ptr<TcpConnection>> connections;
  connections.swap(dirty_);
  for (const auto& connection : connections) connection->flush();
}

void Core::stop_listening() {
  listener_.reset();
}

void Core::close_sessions(CloseReason reason) {
  for (const auto& session : sessions_.all()) session->close(reason);
}

void Core::end_waiting() {
  for (const auto& session : sessions_.all()) session->abandon();
  const std::vector connections(connections_.begin(), connections_.end());
  for (const auto& connection : connections) connection->on_stop();
}

void Core::drop_connections() {
  dropping_ = true;
  const std::vector connections(connections_.begin(), connections_.end());
  for (const auto& connection : connections) connection->drop("transport close");
}

}  // namespace hawser::net
