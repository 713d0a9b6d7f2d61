#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

/// What the HTTP requests of Engine.IO v4 say, in which order they are checked and how they are refused.
/// Pure functions.
namespace hawser::engineio {

enum class Transport : std::uint8_t { polling, websocket };

/// The numbers are part of the protocol.
enum class ErrorCode : std::uint8_t {
  transport_unknown = 0,
  session_unknown = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_version = 5
};

/// The part of the query string that is the protocol's. A key given twice has its values joined by a
/// comma, which makes it no valid value of anything.
struct Query {
  std::optional<std::string> transport, sid, version, token;
  std::optional<std::string>
      nonce;  ///< `t`, another one in each request; a request with the same is the same
};

/// Percent-decoding; a malformed escape is kept as it stands.
std::string percent_decode(std::string_view text, bool plus_is_space);
Query parse_query(std::string_view query);

enum class OriginVerdict : std::uint8_t { allowed, refused, malformed };

struct Request {
  enum class Method : std::uint8_t { get, post, other };
  Method method = Method::get;
  bool upgrade = false;  ///< asks for a WebSocket in the form of RFC 6455
  OriginVerdict origin = OriginVerdict::allowed;
  Query query;
};

// The checks in order: transport, Origin; then of the session, if there is a sid; method, upgrade, version.

/// Everything that can be said without the session.
std::optional<ErrorCode> check_request(const Request& request);
/// The rest for a request without sid. Call after check_request.
std::optional<ErrorCode> check_new_session(const Request& request);
/// The rest for a request with a sid; `current` is the session's transport, nothing when it is unknown.
std::optional<ErrorCode> check_session(const Request& request, std::optional<Transport> current);

std::string_view error_message(ErrorCode code);
/// 403 for `forbidden`, else 400.
int http_status(ErrorCode code);
/// `{"code":0,"message":"Transport unknown"}`, with `reason` in place of the message if there is one; it must
/// need no escapes in JSON.
std::string error_body(ErrorCode code, std::string_view reason = {});

struct Settings {
  Millis ping_interval{25'000};
  Millis ping_timeout{60'000};
  std::size_t max_payload = 1'000'000;
  Millis upgrade_timeout{10'000};
  Millis close_linger{30'000};  ///< how long `close` waits for a poll
};

/// Data of the open packet: exactly the five keys of the protocol.
std::string open_data(std::string_view sid, Transport transport, const Settings& settings);

}  // namespace hawser::engineio
