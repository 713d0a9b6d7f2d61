#include "net/http_connection.h"

#include <algorithm>
#include <utility>

#include "net/endpoint.h"

namespace hawser::net {
namespace {

/// Requests of one connection that may wait for their answers. Clients that pipeline send two or three.
constexpr std::size_t kMaxPipelined = 16;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

HttpConnection::HttpConnection(Core& core, Socket socket)
    : TcpConnection(core, std::move(socket)),
      reader_(core.context().config.max_payload),
      held_(core.gauges().receive_bytes) {}

void HttpConnection::serve() {
  // A connection must show a request soon; only between requests may it rest longer.
  rests_since_ = core().loop().now();
  read_until_ = rests_since_ + core().context().config.http_read_timeout;
  update_deadline();
  start();
}

void HttpConnection::turn_away() {
  start();
  const auto reply = unavailable();
  write({}, share(encode_head(reply, {.close = true}, {})));
  write({}, reply.body);
  finish();
}

void HttpConnection::serve_upgrade(const HttpHead& head, std::string_view rest) {
  start();
  if (!is_open()) return;
  exchanges_.push_back({.id = core().next_id(), .framing = {.close = true}, .complete = true});
  unread_ = rest;
  endpoint::on_request(*this, exchanges_.back().id, head, {});
  unread_ = {};
}

void HttpConnection::on_bytes(std::span<char> bytes) {
  consume({bytes.data(), bytes.size()});
}

void HttpConnection::consume(std::string_view bytes) {
  consuming_ = true;
  while (is_open() && can_take_requests() && step(bytes)) {
  }
  consuming_ = false;
  if (!is_open()) return;
  if (!bytes.empty()) {
    backlog_ = bytes;
    pause_reading();
  }
  mind_memory();
  write_answers();
}

void HttpConnection::mind_memory() {
  held_.set(reader_.buffered_bytes() + backlog_.size());
  if (reader_.buffered_bytes() <= limits::kReadBudget || !core().is_short_of_receive_memory()) return;
  refuse_unreadable(503);
  reader_.give_up();
  held_.set(0);
}

/// One event of the reader; false when it needs more bytes or there is no going on.
bool HttpConnection::step(std::string_view& bytes) {
  if (!read_until_ && !bytes.empty()) {
    read_until_ = core().loop().now() + core().context().config.http_read_timeout;
  }
  switch (reader_.feed(bytes)) {
    case HttpReader::Progress::need_more: return false;
    case HttpReader::Progress::head: begin_exchange(); return true;
    case HttpReader::Progress::complete:
      unread_ = bytes;
      complete_exchange();
      unread_ = {};
      return !bytes.empty();
    case HttpReader::Progress::failed:
      bytes = {};
      refuse_unreadable(reader_.status());
      return false;
  }
  return false;
}

bool HttpConnection::can_take_requests() const {
  if (exchanges_.empty()) return true;
  const auto& last = exchanges_.back();
  const bool closing = last.framing.close || (last.reply && last.reply->close);
  return !last.complete || (!closing && exchanges_.size() < kMaxPipelined);
}

void HttpConnection::begin_exchange() {
  const auto& head = reader_.head();
  exchanges_.push_back(
      {.id = core().next_id(), .framing = {head.http_1_0, head.method == "HEAD", !head.keep_alive}});
  const auto id = exchanges_.back().id;
  endpoint::on_head(*this, id, head);
  if (head.expects_continue && head.has_body && exchanges_.size() == 1 && !is_answered(id)) {
    write({}, share(std::string(kContinue)));
  }
}

void HttpConnection::complete_exchange() {
  auto& exchange = exchanges_.back();
  exchange.complete = true;
  read_until_.reset();
  const auto head = reader_.head();
  auto body = std::move(reader_.body());
  reader_.reset();
  if (!exchange.reply) endpoint::on_request(*this, exchange.id, head, std::move(body));
}

void HttpConnection::refuse_unreadable(int status) {
  const bool within_body = !exchanges_.empty() && !exchanges_.back().complete;
  if (!within_body) exchanges_.push_back({.id = core().next_id()});
  const auto& exchange = exchanges_.back();
  const auto id = exchange.id;
  if (!within_body) {
    endpoint::on_bad_head(*this, id, reader_.head());
  } else if (!exchange.sid.empty()) {
    endpoint::on_bad_body(core(), id, exchange.sid);
  }
  auto reply = status == 503 ? unavailable() : plain_reply(status);
  reply.close = true;
  respond(id, std::move(reply));
}

void HttpConnection::respond(ExchangeId id, HttpReply reply) {
  auto* exchange = find(id);
  if (!is_open() || exchange == nullptr || exchange->reply) return;
  exchange->reply = std::move(reply);
  exchange->sid.clear();
  if (!consuming_) write_answers();
}

void HttpConnection::write_answers() {
  while (is_open() && !exchanges_.empty() && exchanges_.front().reply) {
    const auto exchange = std::move(exchanges_.front());
    exchanges_.erase(exchanges_.begin());
    // A request that was refused before its end leaves us nowhere in the stream.
    const bool close =
        exchange.framing.close || exchange.reply->close || !exchange.complete || core().context().stopping;
    write_answer(exchange, close);
    if (close) finish();
  }
  if (!is_open()) return;
  if (!backlog_.empty() && can_take_requests()) resume_later();
  update_deadline();
}

void HttpConnection::write_answer(const Exchange& exchange, bool close) {
  if (const auto status = exchange.reply->status; status >= 400) {
    core().gauges().refused_requests[slot_of(kRefusedStatuses, status)].add(1);
  }
  rests_since_ = core().loop().now();
  auto framing = exchange.framing;
  framing.close = close;
  write({}, share(encode_head(*exchange.reply, framing, exchange.headers)));
  if (!framing.head_only) write({}, exchange.reply->body);
}

void HttpConnection::resume_later() {
  if (std::exchange(resuming_, true)) return;
  core().loop().post([weak = weak_from_this()] {
    const auto self = std::static_pointer_cast<HttpConnection>(weak.lock());
    if (!self) return;
    self->resuming_ = false;
    const auto bytes = std::exchange(self->backlog_, {});
    if (!self->is_open()) return;
    self->consume(bytes);
    if (self->is_open() && self->backlog_.empty()) self->resume_reading();
  });
}

void HttpConnection::update_deadline() {
  if (read_until_) {
    set_deadline(*read_until_ + std::chrono::seconds(reader_.buffered_bytes() / limits::kMinBodyRate));
  } else if (exchanges_.empty()) {
    set_deadline(core().loop().now() + core().context().config.http_idle_timeout);
  } else {
    set_deadline(std::nullopt);
  }
}

void HttpConnection::on_deadline() {
  if (!reader_.is_started() || !exchanges_.empty()) {
    drop("transport close");
    return;
  }
  exchanges_.push_back({.id = core().next_id()});  // Never complete, so the answer ends the connection.
  respond(exchanges_.back().id, plain_reply(408));
}

void HttpConnection::on_end_of_input() {
  const bool all_answered = std::all_of(exchanges_.begin(), exchanges_.end(),
                                        [](const Exchange& exchange) { return exchange.reply.has_value(); });
  all_answered&& queued_bytes() > 0 ? finish() : drop("transport close");
}

void HttpConnection::on_dropped(std::string_view) {
  held_.set(0);
  for (const auto& exchange : exchanges_) {
    if (!exchange.sid.empty() && !exchange.reply) endpoint::on_lost(core(), exchange.id, exchange.sid);
  }
  exchanges_.clear();
}

std::optional<TimePoint> HttpConnection::idle_since() const {
  return is_open() && exchanges_.empty() ? std::optional(rests_since_) : std::nullopt;
}

void HttpConnection::on_stop() {
  if (exchanges_.empty()) finish();
}

void HttpConnection::add_headers(ExchangeId id, std::string_view lines) {
  if (auto* exchange = find(id)) exchange->headers += lines;
}

void HttpConnection::set_session(ExchangeId id, std::string sid) {
  if (auto* exchange = find(id)) exchange->sid = std::move(sid);
}

bool HttpConnection::is_answered(ExchangeId id) const {
  const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                  [id](const Exchange& exchange) { return exchange.id == id; });
  return found == exchanges_.end() || found->reply.has_value();
}

bool HttpConnection::can_upgrade(ExchangeId id) {
  if (exchanges_.size() != 1 || exchanges_.front().id != id) return false;
  write_now();  // An earlier answer of the same turn.
  return queued_bytes() == 0;
}

HttpConnection::Upgrade HttpConnection::take_for_upgrade() {
  exchanges_.clear();
  return {release(), std::string(unread_)};
}

HttpConnection::Exchange* HttpConnection::find(ExchangeId id) {
  const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                  [id](const Exchange& exchange) { return exchange.id == id; });
  return found == exchanges_.end() ? nullptr : &*found;
}

}  // namespace hawser::net
