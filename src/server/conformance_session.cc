#include "server/conformance_session.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace hawser::server {
namespace {

constexpr std::string_view kRefusing = "/refuse";
constexpr std::string_view kRefusal = R"({"code":"E_REFUSED","list":[1,"é"]})";
/// Random bytes of a Socket.IO sid: 20 characters, as the reference has them.
constexpr std::size_t kSidBytes = 15;
constexpr std::size_t kPidBytes = 18;

std::vector<std::string> names_of(const ConformanceParts& parts) {
  std::vector<std::string> names{std::string(kRefusing)};
  for (const auto& [name, sockets] : parts.namespaces) names.push_back(name);
  return names;
}

}  // namespace

ConformanceSession::ConformanceSession(const ConformanceParts& parts, Loop& loop, Channel& channel)
    : parts_(parts),
      loop_(loop),
      channel_(channel),
      connection_(names_of(parts), loop.now() + parts.connect_timeout) {
  connect_timer_ = loop_.at(*connection_.deadline(), [this] {
    connect_timer_ = TimerId::none;
    channel_.close(CloseReason::connect_timeout);
  });
}

ConformanceSession::~ConformanceSession() {
  loop_.cancel(connect_timer_);
}

void ConformanceSession::on_message(std::string_view message, bool binary) {
  std::visit([this](auto&& action) { act(std::forward<decltype(action)>(action)); },
             connection_.on_message(message, binary));
}

void ConformanceSession::on_closed(std::string_view reason) {
  spdlog::debug("connection closed: {}", reason);
  for (const auto& [nsp, socket] : sockets_) socket->park();
  sockets_.clear();
  loop_.cancel(std::exchange(connect_timer_, TimerId::none));
}

void ConformanceSession::act(socketio::Reply reply) {
  channel_.send(share(std::move(reply.text)));
}

void ConformanceSession::act(const socketio::ConnectRequest& request) {
  const std::string nsp(request.nsp);
  if (nsp == kRefusing) {
    channel_.send(share(connection_.refuse(nsp, "refused", kRefusal)));
    return;
  }
  loop_.cancel(std::exchange(connect_timer_, TimerId::none));
  accept(nsp, request.auth);
}

void ConformanceSession::accept(const std::string& nsp, std::string_view auth) {
  auto& peers = *parts_.namespaces.find(nsp)->second;
  auto pid = json::View(auth).find_string("pid").value_or("");
  const auto offset = json::View(auth).find_string("offset").value_or("");
  const auto before = peers.recovers() ? peers.recover(loop_, pid, offset) : std::nullopt;
  if (!before) pid = peers.recovers() ? parts_.random.token(kPidBytes) : "";
  auto sid = before ? before->socket.id : parts_.random.token(kSidBytes);
  channel_.send(share(connection_.accept(nsp, sid, pid)));
  auto& socket = sockets_[nsp];
  socket = std::make_unique<ConformanceSocket>(loop_, channel_, peers, nsp, std::move(sid), std::move(pid));
  if (before) socket->resume(*before);
  socket->greet(auth);
}

void ConformanceSession::act(socketio::Received received) {
  const std::string nsp(received.packet.nsp);
  switch (sockets_.find(nsp)->second->on_packet(std::move(received))) {
    case ConformanceSocket::Wish::stay: break;
    case ConformanceSocket::Wish::leave: leave(nsp); break;
    case ConformanceSocket::Wish::close: leave_all(); break;
  }
}

void ConformanceSession::act(const socketio::Left& left) {
  sockets_.erase(left.nsp);
}

void ConformanceSession::act(const socketio::Violation& violation) {
  spdlog::debug("protocol broken by the peer: {}", violation.message);
  channel_.close(violation.reason);
}

void ConformanceSession::leave(const std::string& nsp) {
  channel_.send(share(connection_.leave(nsp)));
  sockets_.erase(nsp);
}

void ConformanceSession::leave_all() {
  for (const auto& nsp : connection_.connected()) leave(nsp);
  channel_.close(CloseReason::final_disconnect);
}

}  // namespace hawser::server
