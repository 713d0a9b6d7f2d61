#include "net/origin_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hawser::net {
namespace {

bool is_well_formed(std::string_view origin) {
  return std::all_of(origin.begin(), origin.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  const auto scheme_end = origin.find("://");
  return scheme_end != std::string_view::npos && !host.empty() && origin.substr(scheme_end + 3) == host;
}

}  // namespace

OriginPolicy::OriginPolicy(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {
  for (auto& origin : allowed_) {
    if (origin.ends_with('/')) origin.pop_back();  // Users write URLs; an Origin has no path.
    any_ = any_ || origin == "*";
  }
}

bool OriginPolicy::allows(std::string_view origin) const {
  return any_ || std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end();
}

engineio::OriginVerdict OriginPolicy::judge(std::string_view origin, std::string_view host) const {
  if (!is_well_formed(origin)) return engineio::OriginVerdict::malformed;
  const bool allowed = origin.empty() || allows(origin) || is_same_origin(origin, host);
  return allowed ? engineio::OriginVerdict::allowed : engineio::OriginVerdict::refused;
}

std::string OriginPolicy::response_headers(std::string_view origin, std::string_view host) const {
  if (any_) return "Access-Control-Allow-Origin: *\r\n";
  if (origin.empty() || judge(origin, host) != engineio::OriginVerdict::allowed) return "Vary: Origin\r\n";
  return fmt::format(
      "Access-Control-Allow-Origin: {}\r\nAccess-Control-Allow-Credentials: true\r\nVary: Origin\r\n",
      origin);
}

std::string OriginPolicy::preflight_headers(std::string_view requested_headers) {
  std::string lines = "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n";
  if (!requested_headers.empty()) {
    lines += fmt::format("Vary: Access-Control-Request-Headers\r\nAccess-Control-Allow-Headers: {}\r\n",
                         requested_headers);
  }
  return lines;
}

}  // namespace hawser::net
