#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/loop.h"

namespace hawser::worker {

/// A POST whose answer is read as it comes.
struct HttpRequest {
  std::string url;                   ///< http or https
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds idle_timeout{60};
};

struct HttpAnswer {
  long status = 0;
  std::string content_type;
  std::string retry_after;  ///< of the header, seconds or a date; empty when there is none
  std::string body;         ///< the first part of it when the status is not 200
  bool cut = false;         ///< the connection broke before the body ended
};

/// Takes a piece of a 200 answer; false ends the request at once.
using HttpSink = std::function<bool(std::string_view)>;

/// Sends the request and returns when the answer has ended, the sink had enough, or `stop` asked for it: then
/// the connection is closed at once. TLS is verified, redirects are not followed. Blocks; any thread.
/// Errors (upstream_failed, timeout): sentences without the URL, the headers or the body. A stop is no error.
Result<HttpAnswer> http_post(const HttpRequest& request, const HttpSink& sink, std::stop_token stop,
                             Clock& clock);

}  // namespace hawser::worker
