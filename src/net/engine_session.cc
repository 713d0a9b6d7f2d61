#include "net/engine_session.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

#include "net/websocket_connection.h"

namespace hawser::net {

namespace action = engineio::action;

namespace {

constexpr std::string_view kNoStore = "cache-control: no-store\r\n";
/// Actions a session keeps room for between turns.
constexpr std::size_t kKeptActions = 16;

HttpReply payload_reply(std::string payload) {
  return {200, "text/plain; charset=UTF-8", share(std::move(payload)), std::string(kNoStore), false};
}

HttpReply post_reply() {
  static const auto kOk = share("ok");
  return {200, "text/html", kOk, std::string(kNoStore), false};
}

}  // namespace

EngineSession::EngineSession(Core& core, const Endpoint& endpoint, std::string sid, Population::Member place)
    : core_(core),
      endpoint_(endpoint),
      place_(std::move(place)),
      machine_(std::move(sid), core.context().settings, core.loop().now()),
      deadline_(core.loop(),
                [this] {
                  machine_.timer(now());
                  run_actions();
                }),
      buffered_(core.gauges().send_bytes),
      lingering_(core.gauges().lingering),
      upgrading_(core.gauges().upgrades) {
  pending_ = core_.pending().enter(*this, now());
  core_.gauges().opened.add(1);
}

EngineSession::~EngineSession() {
  leave_pending();
}

void EngineSession::leave_pending() {
  if (pending_) core_.pending().leave(*std::exchange(pending_, std::nullopt));
}

TimePoint EngineSession::now() const {
  return core_.loop().now();
}

void EngineSession::open_by_poll(const ReplyAddress& reply, const HandshakeInfo& info) {
  waiting_.push_back(reply);
  machine_.open_by_poll(reply.id());
  make_application(info);
  run_actions();
}

void EngineSession::open_by_websocket(const std::shared_ptr<WebSocketConnection>& socket,
                                      const HandshakeInfo& info) {
  machine_.open_by_websocket(socket->id());
  sockets_.push_back(socket);
  make_application(info);
  socket->accept(may_compress());
  run_actions();
}

/// Behind the open packet, and before anything is sent: the application has a say in the answer.
void EngineSession::make_application(const HandshakeInfo& info) {
  opening_ = true;
  handler_ = endpoint_.make_handler(core_.loop(), *this, info);
  opening_ = false;
  look_at_peer();
}

/// Never before the peer has proved who it is: inflating is work that a few bytes can ask for.
bool EngineSession::may_compress() const {
  return core_.context().config.permessage_deflate && handler_ && handler_->is_authenticated();
}

void EngineSession::poll(const ReplyAddress& reply, std::string_view nonce) {
  waiting_.push_back(reply);
  machine_.poll(reply.id(), now(), nonce);
  run_actions();
  tell_writable();
}

void EngineSession::begin_post(const ReplyAddress& reply, std::string_view nonce,
                               std::optional<std::size_t> body_size) {
  if (!authenticated_ && body_size.value_or(SIZE_MAX) > limits::kMaxUnauthenticatedPayload) {
    return reply.send(plain_reply(body_size ? 413 : 411));
  }
  waiting_.push_back(reply);
  machine_.begin_post(reply.id(), now(), nonce);
  run_actions();
}

void EngineSession::finish_post(engineio::RequestId request, std::string body, bool valid) {
  if (!valid) return end_post(request, false);
  handle_packets(std::make_unique<Post>(request, std::move(body)));
}

void EngineSession::handle_packets(std::unique_ptr<Post> post) {
  for (std::size_t count = 0; count < limits::kPacketsPerTurn; ++count) {
    const auto packet = post->reader.next();
    if (!packet) return end_post(post->request, !post->reader.failed());
    machine_.post_packet(post->request, *packet, now());
    if (machine_.has_actions()) run_actions();
  }
  if (!machine_.is_open()) return end_post(post->request, true);  // The rest is for nobody.
  later([post = std::move(post)](EngineSession& self) mutable { self.handle_packets(std::move(post)); });
}

void EngineSession::end_post(engineio::RequestId request, bool valid) {
  machine_.end_post(request, valid, now());
  run_actions();
}

void EngineSession::forget_post(engineio::RequestId request) {
  std::erase_if(waiting_, [request](const ReplyAddress& reply) { return reply.id() == request; });
  machine_.forget_post(request);
}

void EngineSession::abort(engineio::RequestId request) {
  std::erase_if(waiting_, [request](const ReplyAddress& reply) { return reply.id() == request; });
  machine_.abort(request);
  run_actions();
}

void EngineSession::add_websocket(std::shared_ptr<WebSocketConnection> socket) {
  const auto id = socket->id();
  socket->accept(may_compress());
  if (authenticated_) socket->trust();
  sockets_.push_back(std::move(socket));
  machine_.websocket_opened(id, now());
  run_actions();
}

void EngineSession::on_websocket_message(engineio::SocketId socket, std::string_view data, bool binary) {
  machine_.websocket_message(socket, data, binary, now());
  run_actions();
}

void EngineSession::on_websocket_closed(engineio::SocketId socket, std::string_view reason) {
  std::erase_if(sockets_, [socket](const auto& open) { return open->id() == socket; });
  machine_.websocket_closed(socket, reason);
  run_actions();
}

void EngineSession::on_websocket_written() {
  tell_writable();
}

void EngineSession::read_upgrade() {
  if (machine_.transport() != engineio::Transport::polling) return;
  const auto sockets = sockets_;  // What is read may take one out.
  for (const auto& socket : sockets) socket->read_now();
}

void EngineSession::send(SharedBytes message, bool binary) {
  if (!machine_.is_open()) return;
  machine_.send(std::move(message), binary);
  run_actions();
  flush_at_end_of_turn();
  mind_marks();
}

std::size_t EngineSession::buffered_bytes() const {
  auto bytes = machine_.buffered_bytes();
  for (const auto& socket : sockets_) bytes += socket->queued_bytes();
  return bytes;
}

bool EngineSession::is_writable() const {
  return machine_.is_writable() && buffered_bytes() == 0;
}

bool EngineSession::has_room() {
  const bool low = wants_room_ || core_.is_short_of_send_memory();
  wants_room_ = buffered_bytes() > (low ? limits::kSendLowWater : limits::kSendHighWater);
  return !wants_room_;
}

/// Whether the application has come to know the peer by what it has just received.
void EngineSession::look_at_peer() {
  if (authenticated_ || !handler_ || !handler_->is_authenticated()) return;
  authenticated_ = true;
  leave_pending();
  for (const auto& socket : sockets_) socket->trust();
}

void EngineSession::close(CloseReason reason) {
  if (machine_.is_open()) ending_ = ending_of(reason);
  machine_.close(reason, now());
  run_actions();
  if (machine_.is_lingering() && !may_linger(reason)) abandon();
}

/// What a client is told at its last poll is a courtesy. Peers could ask for it without end, and one that did
/// nothing until its time was over will not come for it.
bool EngineSession::may_linger(CloseReason reason) const {
  if (reason == CloseReason::connect_timeout) return false;
  const auto lingering = static_cast<std::size_t>(core_.gauges().lingering.value());
  return lingering - lingering_.amount() < core_.share_of(core_.context().config.max_lingering);
}

void EngineSession::give_way() {
  leave_pending();
  close(CloseReason::overloaded);
  abandon();
}

void EngineSession::abandon() {
  machine_.abandon();
  run_actions();
}

void EngineSession::run_actions() {
  if (opening_) return;
  // Reentered when the application answers from within on_message: its packets are written at once, so
  // that buffered_bytes is true. Order holds, because a message is always the last action of its input.
  auto actions = std::exchange(spare_actions_, {});
  machine_.take_actions(actions);
  for (auto& next : actions) {
    std::visit([this](auto& action) { perform(action); }, next);
  }
  actions.clear();
  if (actions.capacity() <= kKeptActions) spare_actions_ = std::move(actions);
  deadline_.set(machine_.next_deadline());
  update_gauges();
}

void EngineSession::update_gauges() {
  buffered_.set(machine_.buffered_bytes());
  lingering_.set(machine_.is_lingering() ? 1 : 0);
  upgrading_.set(machine_.is_upgrading() ? 1 : 0);
}

void EngineSession::perform(action::Receive& action) {
  if (handler_ && machine_.is_open()) handler_->on_message(action.data, action.binary);
  look_at_peer();
}

void EngineSession::perform(action::AnswerPoll& action) {
  reply_to(action.request, payload_reply(std::move(action.payload)));
}

void EngineSession::perform(action::AnswerPost& action) {
  reply_to(action.request, post_reply());
}

void EngineSession::perform(action::Refuse& action) {
  reply_to(action.request, refusal(action.code, action.reason));
}

void EngineSession::perform(action::Write& action) {
  if (auto* socket = find_socket(action.socket)) socket->send(action.packet);
}

void EngineSession::perform(action::CloseSocket& action) {
  if (auto* socket = find_socket(action.socket)) socket->close(action.status, action.discard);
  std::erase_if(sockets_, [&action](const auto& open) { return open->id() == action.socket; });
}

void EngineSession::perform(action::Closed& action) {
  core_.gauges().count(ending_.value_or(ending_of(action.reason)));
  // In a turn of its own: `close` may have been called from anywhere.
  later([reason = action.reason](EngineSession& self) {
    const auto handler = std::move(self.handler_);
    if (handler) handler->on_closed(reason);
  });
}

void EngineSession::perform(action::Forget&) {
  later([](EngineSession& self) { self.core_.sessions().remove(self.machine_.sid()); });
}

void EngineSession::reply_to(engineio::RequestId request, HttpReply reply) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [request](const ReplyAddress& waiting) { return waiting.id() == request; });
  if (found == waiting_.end()) return;
  auto address = std::move(*found);
  waiting_.erase(found);
  address.send(std::move(reply));
}

WebSocketConnection* EngineSession::find_socket(engineio::SocketId socket) const {
  const auto found = std::find_if(sockets_.begin(), sockets_.end(),
                                  [socket](const auto& open) { return open->id() == socket; });
  return found == sockets_.end() ? nullptr : found->get();
}

void EngineSession::flush_at_end_of_turn() {
  if (!machine_.needs_flush() || std::exchange(flush_scheduled_, true)) return;
  core_.loop().at_end_of_turn([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->flush_scheduled_ = false;
    self->machine_.flush();
    self->run_actions();
    self->tell_writable();
  });
}

void EngineSession::mind_marks() {
  if (buffered_bytes() <= limits::kSendHighWater) return;
  for (const auto& socket : sockets_) socket->write_now();
  // When memory is short, a reader that has let this much pile up is the one to go.
  const auto limit = core_.is_short_of_send_memory() ? limits::kSendHighWater : limits::kSendHardLimit;
  if (buffered_bytes() > limit) {
    close(CloseReason::too_slow);
  } else {
    has_room();
  }
}

void EngineSession::tell_writable() {
  if (!wants_room_ || !handler_ || !machine_.is_open()) return;
  if (buffered_bytes() > limits::kSendLowWater) return;
  wants_room_ = false;
  handler_->on_writable();
}

void EngineSession::later(HandlerCall call) {
  core_.loop().post([self = shared_from_this(), call = std::move(call)]() mutable { call(*self); });
}

}  // namespace hawser::net
