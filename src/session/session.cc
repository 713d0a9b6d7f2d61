#include "session/session.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

#include "base/json.h"

namespace hawser::session {
namespace {

constexpr auto kNamespace = socketio::kDefaultNamespace;
/// Random bytes of a Socket.IO sid: 20 characters, as the reference has them.
constexpr std::size_t kSidBytes = 15;

constexpr auto kMaxWaitingAttachments = static_cast<std::int64_t>(limits::kMaxAttachmentBytesPerCore);

/// `auth.token`, else the query's.
std::string token_of(std::string_view auth, const std::string& query_token) {
  auto token = json::View(auth).find_string("token");
  return token && !token->empty() ? *std::move(token) : query_token;
}

}  // namespace

Session::Session(Core& core, Channel& channel, const HandshakeInfo& info)
    : core_(core),
      line_{channel},
      outlet_(line_, kNamespace),
      to_worker_(line_, kWorkers),
      query_token_(info.query_token),
      connection_({std::string(kNamespace), std::string(kWorkers)},
                  core.parts_.loop.now() + core.parts_.connect_timeout),
      attachment_bytes_(core.gauges_.attachment_bytes) {
  if (!query_token_.empty()) {
    knows_query_token_ =
        core.parts_.authenticator.verify(query_token_, core.parts_.loop.wall_now()).has_value();
  }
  core_.sessions_.insert(this);
  connect_timer_ = core_.parts_.loop.at(*connection_.deadline(), [this] {
    connect_timer_ = TimerId::none;
    outlet_.close(CloseReason::connect_timeout);
  });
}

Session::~Session() {
  forget_client();
  forget_worker();
  core_.parts_.loop.cancel(connect_timer_);
  core_.parts_.loop.cancel(attachment_timer_);
  core_.sessions_.erase(this);
}

void Session::on_message(std::string_view message, bool binary) {
  if (outlet_.is_closed()) return;
  std::visit([this](const auto& action) { act(action); }, connection_.on_message(message, binary));
  mind_attachments();
}

/// A peer that announces attachments must bring them, and all peers together must not fill the memory.
void Session::mind_attachments() {
  const auto due = connection_.attachments_due();
  if (due == 0 && attachment_timer_ == TimerId::none) return;
  core_.parts_.loop.cancel(std::exchange(attachment_timer_, TimerId::none));
  attachment_bytes_.set(connection_.attachment_bytes());
  if (due == 0 || outlet_.is_closed()) return;
  if (core_.gauges_.attachment_bytes.value() > kMaxWaitingAttachments) {
    outlet_.close(CloseReason::overloaded);
    return;
  }
  attachment_timer_ = core_.parts_.loop.after(limits::kAttachmentTimeout, [this] {
    attachment_timer_ = TimerId::none;
    outlet_.close(CloseReason::protocol_error);
  });
}

bool Session::is_authenticated() const {
  return client_ || worker_ || knows_query_token_;
}

void Session::on_writable() {
  if (client_) client_->on_writable();
}

void Session::on_closed(std::string_view reason) {
  spdlog::debug("connection closed: {}", reason);
  outlet_.on_closed();
  forget_client();
  forget_worker();
  core_.parts_.loop.cancel(std::exchange(connect_timer_, TimerId::none));
  core_.parts_.loop.cancel(std::exchange(attachment_timer_, TimerId::none));
}

void Session::announce_shutdown() {
  const auto body = json::Object().add("message", "Server restarting, please reconnect").str();
  if (connection_.is_connected(kNamespace)) outlet_.event("server:shutdown", body);
  if (connection_.is_connected(kWorkers)) to_worker_.event("server:shutdown", body);
}

void Session::on_commit(const job::CommitGroup& group) {
  worker_->on_commit(group);
}

void Session::act(const socketio::Reply& reply) {
  outlet_.send(reply.text);
}

void Session::act(const socketio::ConnectRequest& request) {
  if (request.nsp == kWorkers) return connect_worker(request);
  connect_client(request);
}

void Session::refuse(std::string_view nsp, const Error& error) {
  core_.gauges_.refused.add(1);
  outlet_.send(connection_.refuse(nsp, error.message));
}

void Session::connect_client(const socketio::ConnectRequest& request) {
  const auto token = token_of(request.auth, query_token_);
  auto identity = core_.parts_.authenticator.verify(token, core_.parts_.loop.wall_now());
  if (!identity) return refuse(kNamespace, identity.error());
  // The answer waits for the cursor: whatever the client does after it is behind the cursor.
  const auto user = identity->user;
  auto how = arrival(*std::move(identity), request.auth);
  const bool recoverable = how.recoverable;
  client_ = std::make_unique<Client>(
      core_.parts_, core_.gauges_, outlet_, std::move(how),
      ClientEvents{[this, user, recoverable](bool recovered, std::uint64_t position) {
                     if (!recovered) renew(recoverable, user, position);
                     accept();
                   },
                   [this] { end_for_good(kNamespace); }});
}

void Session::connect_worker(const socketio::ConnectRequest& request) {
  const auto token = token_of(request.auth, query_token_);
  auto identity = core_.parts_.authenticator.verify_worker(token, core_.parts_.loop.wall_now());
  if (!identity) return refuse(kWorkers, identity.error());
  stop_waiting();
  core_.gauges_.accepted.add(1);
  outlet_.send(connection_.accept(kWorkers, core_.parts_.random.token(kSidBytes)));
  worker_ = std::make_unique<RemoteWorker>(core_.parts_, core_.gauges_, to_worker_, *std::move(identity),
                                           [this] { end_for_good(kWorkers); });
  core_.with_workers_.insert(this);
}

void Session::forget_worker() {
  core_.with_workers_.erase(this);
  worker_.reset();
}

Arrival Session::arrival(Identity identity, std::string_view auth) {
  const json::View view(auth);
  Arrival arrival;
  const auto wish = view.find("recovery");
  arrival.recoverable = !wish || wish->as_boolean() != false;
  if (auto pid = view.find_string("pid"); arrival.recoverable && pid) {
    arrival.returns = true;
    auto restored = core_.parts_.recovery.restore(identity.user, {*pid, view.find_string("offset")},
                                                  core_.parts_.loop.wall_now());
    if (restored) {
      sid_ = std::move(restored->sid);
      pid_ = *std::move(pid);
      arrival.offset = std::move(restored->offset);
    }
  }
  arrival.identity = std::move(identity);
  return arrival;
}

/// A client that begins anew, at `position`.
void Session::renew(bool recoverable, const std::string& user, std::uint64_t position) {
  const auto& parts = core_.parts_;
  sid_ = parts.random.token(kSidBytes);
  pid_ = recoverable ? parts.recovery.make_pid(user, {sid_, position}, parts.loop.wall_now()) : std::string();
}

void Session::stop_waiting() {
  core_.parts_.loop.cancel(std::exchange(connect_timer_, TimerId::none));
}

void Session::accept() {
  stop_waiting();
  connected_at_ = core_.parts_.loop.now();
  core_.enter(sid_, *this);
  core_.gauges_.accepted.add(1);
  outlet_.send(connection_.accept(kNamespace, sid_, pid_));
}

void Session::forget_client() {
  core_.leave(sid_, *this);
  client_.reset();
}

void Session::end_for_good(std::string_view nsp) {
  outlet_.send(connection_.leave(nsp));
  outlet_.close(CloseReason::final_disconnect);
}

void Session::act(const socketio::Received& received) {
  // We ask for no acks, so those that come are for nobody.
  if (!received.packet.is_event()) return;
  if (received.packet.nsp == kWorkers) return worker_->on_event(received.packet);
  client_->on_event(received.packet);
}

void Session::act(const socketio::Left& left) {
  if (left.nsp == kWorkers) return forget_worker();
  forget_client();
}

void Session::act(const socketio::Violation& violation) {
  spdlog::debug("protocol broken by the peer: {}", violation.message);
  outlet_.close(violation.reason);
}

}  // namespace hawser::session
