#include "engineio/handshake.h"

#include <fmt/format.h>

#include <string>

#include "base/json.h"
#include "net/session_id.h"
#include "test/fuzz/check.h"

namespace {

using namespace hawser::engineio;
using hawser::fuzz::check;

void check_percent(std::string_view text) {
  for (const bool plus_is_space : {false, true}) {
    const auto decoded = percent_decode(text, plus_is_space);
    check(decoded.size() <= text.size(), "decoding never grows a text");
  }
  std::string escaped;
  for (const char c : text) escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  check(percent_decode(escaped, true) == text, "any bytes can be escaped");
}

std::optional<std::string> joined(const std::optional<std::string>& first,
                                  const std::optional<std::string>& rest) {
  if (!first || !rest) return first ? first : rest;
  return *first + "," + *rest;
}

/// The meaning of a query is that of its parts.
void check_query(std::string_view text) {
  const auto whole = parse_query(text);
  const auto cut = text.find('&');
  if (cut == std::string_view::npos) return;
  const auto first = parse_query(text.substr(0, cut));
  const auto rest = parse_query(text.substr(cut + 1));
  check(whole.transport == joined(first.transport, rest.transport) &&
            whole.sid == joined(first.sid, rest.sid) &&
            whole.version == joined(first.version, rest.version) &&
            whole.token == joined(first.token, rest.token),
        "the values of a repeated key are joined");
}

void check_request_of(std::string_view text) {
  for (const auto method : {Request::Method::get, Request::Method::post, Request::Method::other}) {
    for (const bool upgrade : {false, true}) {
      const Request request{method, upgrade, OriginVerdict::allowed, parse_query(text)};
      if (check_request(request)) return;
      const auto opening = check_new_session(request);
      check(opening || (method == Request::Method::get && request.query.version == "4"),
            "a session is opened by a GET of version 4");
      const auto upgraded = check_session(request, Transport::websocket);
      check(upgraded || upgrade, "an upgraded session takes no polling");
      check(check_session(request, std::nullopt) == ErrorCode::session_unknown,
            "an unknown session is unknown");
    }
  }
}

void check_sid(std::string_view text) {
  const auto core = hawser::net::core_of_sid(text);
  if (!core) return;
  check(text.size() == hawser::net::kSidSize && *core < hawser::net::kMaxCores, "a sid names a core");
  const auto open = open_data(text, Transport::polling, {});
  check(hawser::json::validate(open)->find("sid")->as_string() == text, "a sid needs no quoting");
}

}  // namespace

/// The input is what stands behind '?' in a request, and a sid.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = hawser::fuzz::text_of(data, size);
  check_percent(text);
  check_query(text);
  check_request_of(text);
  check_sid(text);
  return 0;
}
