#pragma once

#include <string>

#include "net/http_connection.h"

/// What happens to the requests of HTTP connections: the Engine.IO endpoints with their checks in the order
/// of the protocol, and the routes of the application for all other paths. Called by HttpConnection on its
/// core; answers go to HttpConnection::respond. A request for a session of another core travels there, and
/// only its answer comes back; a WebSocket for such a session moves there for good.
namespace hawser::net::endpoint {

/// The head of a request is there, its body may not be.
void on_head(HttpConnection& connection, ExchangeId id, const HttpHead& head);
/// The request is complete.
void on_request(HttpConnection& connection, ExchangeId id, const HttpHead& head, std::string body);
/// The head cannot be accepted and is about to be answered with an error.
void on_bad_head(HttpConnection& connection, ExchangeId id, const HttpHead& head);
/// The body cannot be accepted and is about to be answered with an error; `sid` is the session that waits
/// for it.
void on_bad_body(Core& core, ExchangeId id, const std::string& sid);
/// The client is gone before its request was answered.
void on_lost(Core& core, ExchangeId id, const std::string& sid);

}  // namespace hawser::net::endpoint
