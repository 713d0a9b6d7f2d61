#include "net/endpoint.h"

#include <boost/beast/core/string.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "net/engine_session.h"
#include "net/reply_address.h"
#include "net/session_id.h"
#include "net/websocket_connection.h"
#include "net/websocket_handshake.h"

namespace hawser::net::endpoint {
namespace {

using engineio::ErrorCode;

engineio::Request engine_request(const ServerContext& context, const HttpHead& head) {
  engineio::Request request;
  if (head.method == "POST") {
    request.method = engineio::Request::Method::post;
  } else if (head.method != "GET") {
    request.method = engineio::Request::Method::other;
  }
  request.upgrade = head.wants_websocket;
  request.origin = context.origins.judge(head.origin, head.host);
  request.query = engineio::parse_query(head.query);
  return request;
}

void add_cors(HttpConnection& connection, ExchangeId id, const HttpHead& head) {
  connection.add_headers(id, connection.core().context().origins.response_headers(head.origin, head.host));
}

using SessionTask = std::move_only_function<void(const std::shared_ptr<EngineSession>&)>;

/// Runs `task` with the session, or with null, on the session's core: now if that is this one.
void with_session(Core& here, const std::string& sid, SessionTask task) {
  const auto owner = here.context().core_of(sid);
  if (!owner) {
    task(nullptr);
  } else if (owner.get() == &here) {
    task(here.sessions().find(sid));
  } else {
    owner->post([sid, task = std::move(task)](Core& core) mutable {
      const auto session = core.sessions().find(sid);
      // The way over two cores must not let a request overtake what its client sent before it.
      if (session) session->read_upgrade();
      task(session);
    });
  }
}

/// What the checks say about a request to `session`, which may be null or of another endpoint.
std::optional<ErrorCode> check(const engineio::Request& request, const Endpoint& endpoint,
                               const EngineSession* session) {
  const bool is_known = session != nullptr && &session->endpoint() == &endpoint;
  return engineio::check_session(request, is_known ? session->transport() : std::nullopt);
}

std::string_view text_of(const std::optional<std::string>& parameter) {
  return parameter ? std::string_view(*parameter) : std::string_view();
}

/// Null when the server takes no more: then the answer is `unavailable`.
std::shared_ptr<EngineSession> make_session(Core& core, const Endpoint& endpoint) {
  auto& context = core.context();
  const auto refuse = [&core](Refusal refusal) {
    core.gauges().count(refusal);
    return nullptr;
  };
  if (context.refuses_sessions) return refuse(Refusal::draining);
  auto place = context.sessions->enter(context.config.max_connections);
  if (!place) return refuse(Refusal::sessions);
  if (!core.pending().make_room(core.loop().now())) return refuse(Refusal::unauthenticated);
  auto sid = make_sid(context.random, core.index());
  auto session = std::make_shared<EngineSession>(core, endpoint, sid, std::move(*place));
  core.sessions().add(std::move(sid), session);
  return session;
}

// --- WebSocket ---

void refuse_upgrade(HttpConnection& connection, ExchangeId id, ErrorCode code) {
  connection.respond(id, upgrade_refusal(code));
}

/// Continues on the core that owns the session. The whole connection goes there, once.
void move_upgrade(HttpConnection& connection, Core& owner, const HttpHead& head) {
  auto upgrade = connection.take_for_upgrade();
  owner.post([head, rest = std::move(upgrade.rest),
              detached = DetachedSocket(std::move(upgrade.socket))](Core& core) mutable {
    auto arrived = std::make_shared<HttpConnection>(core, detached.attach(core.loop().context()));
    arrived->serve_upgrade(head, rest);
  });
}

/// `opened`: the session was made for this socket, else the socket is its upgrade.
void open_websocket(HttpConnection& connection, const std::shared_ptr<EngineSession>& session, bool opened,
                    const engineio::Query& query, const HttpHead& head) {
  auto& core = connection.core();
  auto upgrade = connection.take_for_upgrade();
  const auto remote_address = upgrade.socket.remote_address;
  auto socket = std::make_shared<WebSocketConnection>(
      core, std::move(upgrade.socket), core.next_id(),
      WebSocketConnection::Request{head.websocket_key, head.websocket_extensions});
  if (opened) {
    session->open_by_websocket(socket, {text_of(query.token), remote_address});
  } else {
    session->add_websocket(socket);
  }
  socket->serve(session, std::move(upgrade.rest));
}

void upgrade(HttpConnection& connection, const Endpoint& endpoint, ExchangeId id, const HttpHead& head,
             const engineio::Request& request) {
  auto& here = connection.core();
  const auto& sid = request.query.sid;
  if (head.has_body || !connection.can_upgrade(id)) {
    refuse_upgrade(connection, id, ErrorCode::bad_request);
    return;
  }
  const auto owner = sid ? here.context().core_of(*sid) : nullptr;
  if (owner && owner.get() != &here) {
    move_upgrade(connection, *owner, head);
    return;
  }
  auto session = owner ? here.sessions().find(*sid) : nullptr;
  const auto error = sid ? check(request, endpoint, session.get()) : engineio::check_new_session(request);
  const bool well_formed = head.websocket_version == "13" && is_websocket_key(head.websocket_key);
  if (error || !well_formed) {
    refuse_upgrade(connection, id, error.value_or(ErrorCode::bad_request));
    return;
  }
  const bool opens = !sid;
  if (opens) session = make_session(here, endpoint);
  if (!session) {
    connection.respond(id, unavailable());
  } else {
    open_websocket(connection, session, opens, request.query, head);
  }
}

// --- Polling ---

void open_by_poll(HttpConnection& connection, const Endpoint& endpoint, ExchangeId id,
                  const engineio::Request& request) {
  auto& core = connection.core();
  if (const auto error = engineio::check_new_session(request)) {
    connection.respond(id, refusal(*error));
  } else if (const auto session = make_session(core, endpoint)) {
    session->open_by_poll(ReplyAddress(connection, id),
                          {text_of(request.query.token), connection.remote_address()});
  } else {
    connection.respond(id, unavailable());
  }
}

/// Hands a request that names a session to it, on its core, or refuses the request.
void to_session(HttpConnection& connection, const Endpoint& endpoint, ExchangeId id,
                engineio::Request request,
                std::function<void(EngineSession&, const ReplyAddress&, std::string_view nonce)> act) {
  const auto sid = *request.query.sid;
  connection.set_session(id, sid);
  with_session(connection.core(), sid,
               [reply = ReplyAddress(connection, id), &endpoint, request = std::move(request),
                act = std::move(act)](const auto& session) {
                 if (const auto error = check(request, endpoint, session.get())) {
                   reply.send(refusal(*error));
                 } else {
                   act(*session, reply, text_of(request.query.nonce));
                 }
               });
}

void finish_post(HttpConnection& connection, ExchangeId id, const HttpHead& head, const std::string& sid,
                 std::string body) {
  const bool text = !boost::beast::iequals(head.content_type.substr(0, head.content_type.find(';')),
                                           "application/octet-stream");
  with_session(
      connection.core(), sid,
      [reply = ReplyAddress(connection, id), body = std::move(body), text](const auto& session) mutable {
        if (session) {
          session->finish_post(reply.id(), std::move(body), text);
        } else {
          reply.send(refusal(ErrorCode::session_unknown));  // It ended while the body arrived.
        }
      });
}

bool is_session_post(const engineio::Request& request) {
  return request.method == engineio::Request::Method::post && request.query.sid.has_value();
}

void answer_preflight(HttpConnection& connection, ExchangeId id, const engineio::Request& request,
                      const HttpHead& head) {
  if (request.origin != engineio::OriginVerdict::allowed) {
    connection.respond(id, refusal(ErrorCode::forbidden));
    return;
  }
  HttpReply reply{.status = 204};
  reply.headers = OriginPolicy::preflight_headers(head.requested_headers);
  connection.respond(id, std::move(reply));
}

/// A body where the protocol has none is not waited for. Other servers on the way may take the body of a GET
/// for the next request, so nothing is read behind it.
void refuse_body(HttpConnection& connection, ExchangeId id, const engineio::Request& request,
                 std::optional<ErrorCode> error) {
  const bool get = request.method == engineio::Request::Method::get;
  if (!error && !get && !request.query.sid) error = ErrorCode::bad_handshake_method;
  const auto code = error.value_or(ErrorCode::bad_request);
  auto reply = request.upgrade ? upgrade_refusal(code) : refusal(code);
  reply.close = get;
  connection.respond(id, std::move(reply));
}

void on_engine_request(HttpConnection& connection, const Endpoint& endpoint, ExchangeId id,
                       const HttpHead& head, std::string body) {
  auto request = engine_request(connection.core().context(), head);
  if (head.method == "OPTIONS") {
    answer_preflight(connection, id, request, head);
  } else if (const auto error = engineio::check_request(request)) {
    connection.respond(id, head.wants_websocket ? upgrade_refusal(*error) : refusal(*error));
  } else if (head.wants_websocket) {
    upgrade(connection, endpoint, id, head, request);
  } else if (!request.query.sid) {
    open_by_poll(connection, endpoint, id, request);
  } else if (is_session_post(request)) {
    finish_post(connection, id, head, *request.query.sid, std::move(body));
  } else {
    to_session(connection, endpoint, id, std::move(request), &EngineSession::poll);
  }
}

// --- The application's routes ---

HttpReply to_reply(HttpResponse response, bool close) {
  HttpReply reply{.status = response.status,
                  .content_type = std::move(response.content_type),
                  .body = std::move(response.body)};
  for (const auto& [name, value] : response.headers) {
    reply.headers.append(name).append(": ").append(value).append("\r\n");
  }
  reply.close = close;
  return reply;
}

void on_route(HttpConnection& connection, ExchangeId id, const HttpHead& head) {
  const auto& context = connection.core().context();
  const HttpRequest request{
      head.method,       head.path,    head.query, head.authorization, connection.remote_address(),
      head.is_forwarded, head.has_body};
  const bool close = head.has_body && head.method != "POST";
  if (context.service) {
    const auto respond = [address = ReplyAddress(connection, id), close](HttpResponse response) {
      address.send(to_reply(std::move(response), close));
    };
    if (context.service(request, respond)) return;
  }
  connection.respond(id, to_reply(context.routes(request), close));
}

}  // namespace

void on_head(HttpConnection& connection, ExchangeId id, const HttpHead& head) {
  const auto& context = connection.core().context();
  const auto* endpoint = context.endpoint_at(head.path);
  if (endpoint == nullptr) {
    if (head.has_body) on_route(connection, id, head);  // Nobody would read it.
    return;
  }
  add_cors(connection, id, head);
  auto request = engine_request(context, head);
  const auto error = engineio::check_request(request);
  if (error || !is_session_post(request)) {
    if (head.has_body) refuse_body(connection, id, request, error);
    return;
  }
  // Two at a time are refused, so it counts from here.
  to_session(connection, *endpoint, id, std::move(request),
             [size = head.body_size](auto& session, const auto& reply, auto nonce) {
               session.begin_post(reply, nonce, size);
             });
}

void on_request(HttpConnection& connection, ExchangeId id, const HttpHead& head, std::string body) {
  if (const auto* endpoint = connection.core().context().endpoint_at(head.path)) {
    on_engine_request(connection, *endpoint, id, head, std::move(body));
  } else {
    on_route(connection, id, head);
  }
}

void on_bad_head(HttpConnection& connection, ExchangeId id, const HttpHead& head) {
  if (connection.core().context().endpoint_at(head.path) != nullptr) add_cors(connection, id, head);
}

void on_bad_body(Core& core, ExchangeId id, const std::string& sid) {
  with_session(core, sid, [id](const auto& session) {
    if (session) session->forget_post(id);
  });
}

void on_lost(Core& core, ExchangeId id, const std::string& sid) {
  with_session(core, sid, [id](const auto& session) {
    if (session) session->abort(id);
  });
}

}  // namespace hawser::net::endpoint
