#include "engineio/handshake.h"

#include <fmt/format.h>

#include <string>

namespace hawser::engineio {
namespace {

constexpr std::string_view kVersion = "4";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte of an escape `%XX` that starts at `i`, or -1.
int escaped_byte(std::string_view text, std::size_t i) {
  if (text[i] != '%' || i + 2 >= text.size()) return -1;
  const int high = hex_value(text[i + 1]);
  const int low = hex_value(text[i + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<std::string>* field_of(Query& query, std::string_view key) {
  if (key == "transport") return &query.transport;
  if (key == "sid") return &query.sid;
  if (key == "EIO") return &query.version;
  if (key == "token") return &query.token;
  if (key == "t") return &query.nonce;
  return nullptr;
}

bool is_transport(const Query& query, std::string_view name) {
  return query.transport && *query.transport == name;
}

std::optional<ErrorCode> check_version(const Query& query) {
  if (!query.version || *query.version != kVersion) return ErrorCode::unsupported_version;
  return std::nullopt;
}

}  // namespace

std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = escaped_byte(text, i);
    if (byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Query parse_query(std::string_view query) {
  Query result;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    auto* field = field_of(result, percent_decode(pair.substr(0, equals), true));
    if (field == nullptr) continue;
    auto value = equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1), true);
    if (*field) {
      **field += ',' + value;
    } else {
      *field = std::move(value);
    }
  }
  return result;
}

std::optional<ErrorCode> check_request(const Request& request) {
  const bool polling = is_transport(request.query, "polling");
  if (!polling && !is_transport(request.query, "websocket")) return ErrorCode::transport_unknown;
  if (request.origin == OriginVerdict::malformed) return ErrorCode::bad_request;
  if (request.origin == OriginVerdict::refused) return ErrorCode::forbidden;
  return std::nullopt;
}

std::optional<ErrorCode> check_new_session(const Request& request) {
  if (request.method != Request::Method::get) return ErrorCode::bad_handshake_method;
  if (request.upgrade != is_transport(request.query, "websocket")) return ErrorCode::bad_request;
  return check_version(request.query);
}

std::optional<ErrorCode> check_session(const Request& request, std::optional<Transport> current) {
  if (!current) return ErrorCode::session_unknown;
  const bool websocket = is_transport(request.query, "websocket");
  // A WebSocket for a session that has one already is let in: the session closes it by itself.
  if (!websocket && *current == Transport::websocket) return ErrorCode::bad_request;
  if (request.method == Request::Method::other || request.upgrade != websocket) return ErrorCode::bad_request;
  return check_version(request.query);
}

std::string_view error_message(ErrorCode code) {
  switch (code) {
    case ErrorCode::transport_unknown: return "Transport unknown";
    case ErrorCode::session_unknown: return "Session ID unknown";
    case ErrorCode::bad_handshake_method: return "Bad handshake method";
    case ErrorCode::bad_request: return "Bad request";
    case ErrorCode::forbidden: return "Forbidden";
    case ErrorCode::unsupported_version: return "Unsupported protocol version";
  }
  return "Bad request";
}

int http_status(ErrorCode code) {
  return code == ErrorCode::forbidden ? 403 : 400;
}

std::string error_body(ErrorCode code, std::string_view reason) {
  return fmt::format(R"({{"code":{},"message":"{}"}})", static_cast<int>(code),
                     reason.empty() ? error_message(code) : reason);
}

std::string open_data(std::string_view sid, Transport transport, const Settings& settings) {
  return fmt::format(R"({{"sid":"{}","upgrades":[{}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}})",
                     sid, transport == Transport::polling ? R"("websocket")" : "",
                     settings.ping_interval.count(), settings.ping_timeout.count(), settings.max_payload);
}

}  // namespace hawser::engineio
