#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace hawser::cli {

/// redis://[user[:password]@]host[:port][/database], with percent-encoding in user and password.
struct RedisUrl {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;
  std::string password;
  int database = 0;
};

/// Errors (config) do not repeat the URL, which may hold a password.
Result<RedisUrl> parse_redis_url(std::string_view text);

/// Asks a Redis whether it can be used: PING, SET and GET of a key of its own that expires, and a message
/// over pub/sub from one connection to another. Blocks for at most `timeout` a step. The error says which
/// step failed and what the server answered. `name` makes the key and the channel unique.
Status probe_redis(const RedisUrl& url, std::string_view name, Millis timeout);

}  // namespace hawser::cli
