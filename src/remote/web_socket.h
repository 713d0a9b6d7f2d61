#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "base/web_url.h"

namespace boost::asio {
class io_context;
}

namespace hawser::remote {

/// One outgoing WebSocket connection carrying texts, plain or over TLS. Single-threaded, on `context`.
class WebSocket {
 public:
  struct Callbacks {
    std::function<void(std::string_view text)> on_text;
    /// Exactly once, not within a call of ours. Errors: `unavailable` with a sentence; `config` when the
    /// peer can never be connected to (bad certificate, no WebSocket there).
    std::function<void(Error why)> on_closed;
  };

  /// Starts to connect to `target` of `url` (path and query). `ca_file`: who may vouch for a server of
  /// https and wss, in PEM form; empty: whom the system trusts, or the environment's SSL_CERT_FILE.
  static std::unique_ptr<WebSocket> open(boost::asio::io_context& context, const WebUrl& url,
                                         std::string target, const std::string& ca_file, Callbacks callbacks);
  virtual ~WebSocket() = default;
  /// Queued until the connection stands.
  virtual void send(std::string text) = 0;
  /// A peer that sends nothing for this long is gone.
  virtual void set_silence_limit(Millis limit) = 0;
};

}  // namespace hawser::remote
