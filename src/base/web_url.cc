#include "base/web_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace hawser {
namespace {

constexpr std::string_view kSchemeEnd = "://";

std::optional<bool> is_secure(std::string_view scheme) {
  if (scheme == "http" || scheme == "ws") return false;
  if (scheme == "https" || scheme == "wss") return true;
  return std::nullopt;
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f; });
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(Errc::config, fmt::format("'{}' is not a port.", text));
  }
  return port;
}

/// Splits host and port; the port is what follows the last colon outside of brackets.
Status read_authority(std::string_view text, WebUrl& url) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return fail(Errc::config, "the IPv6 address has no closing bracket.");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (host.empty()) return fail(Errc::config, "the host is missing.");
  url.host = host;
  if (port.empty()) return {};
  const auto number = parse_port(port.substr(1));
  if (!port.starts_with(':') || !number)
    return fail(Errc::config, fmt::format("'{}' is not a port.", port.substr(1)));
  url.port = *number;
  return {};
}

}  // namespace

Result<WebUrl> parse_web_url(std::string_view text) {
  const auto scheme_end = text.find(kSchemeEnd);
  const auto secure = is_secure(text.substr(0, std::min(scheme_end, text.size())));
  if (scheme_end == std::string_view::npos || !secure || !is_printable(text)) {
    return fail(Errc::config, "a URL begins with http:// or https://, for example http://127.0.0.1:3000.");
  }
  const auto rest = text.substr(scheme_end + kSchemeEnd.size());
  const auto path = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = rest.substr(0, path);
  if (authority.find('@') != std::string_view::npos) {
    return fail(Errc::config, "a user and password do not belong in this URL.");
  }
  WebUrl url;
  url.secure = *secure;
  url.port = *secure ? 443 : 80;
  url.path = rest.substr(path);
  if (auto status = read_authority(authority, url); !status) return std::unexpected(status.error());
  return url;
}

std::string without_userinfo(std::string_view url) {
  const auto scheme_end = url.find(kSchemeEnd);
  if (scheme_end == std::string_view::npos) return std::string(url);
  const auto start = scheme_end + kSchemeEnd.size();
  const auto end = std::min(url.find('/', start), url.size());
  const auto at = url.substr(start, end - start).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return fmt::format("{}[redacted]{}", url.substr(0, start), url.substr(start + at));
}

std::string authority(std::string_view host, std::uint16_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

}  // namespace hawser
