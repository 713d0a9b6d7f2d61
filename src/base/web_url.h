#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hawser {

struct WebUrl {
  bool secure = false;
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 0;
  std::string path;  ///< "" or "/…", with the query
};

/// Reads http://, https://, ws:// and wss:// URLs. Errors (config) are a sentence; a user and password in
/// the URL are refused, because URLs get printed.
Result<WebUrl> parse_web_url(std::string_view text);

/// The URL with what stands before an '@' of its authority replaced, to be shown.
std::string without_userinfo(std::string_view url);

/// host:port, with brackets around an IPv6 address.
std::string authority(std::string_view host, std::uint16_t port);

}  // namespace hawser
