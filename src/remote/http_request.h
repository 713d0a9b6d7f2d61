#pragma once

#include <string>

#include "base/error.h"
#include "base/web_url.h"

namespace hawser::remote {

/// One request without a body.
struct HttpQuestion {
  WebUrl url;
  std::string ca_file{};  ///< for https: who may vouch for the server (PEM); empty: whom the system trusts
  std::string token;      ///< sent as a bearer token, so only to a server that proved its name
  std::string method;
  std::string target;  ///< path and query
};
struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// Asks and waits, for 30 s at most. Errors: unavailable, config (not TLS, or a certificate that is not
/// accepted); a sentence that names the server, never the token.
Result<HttpAnswer> http_request(const HttpQuestion& question);

}  // namespace hawser::remote
