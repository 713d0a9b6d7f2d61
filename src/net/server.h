#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/time.h"
#include "net/gauges.h"
#include "net/tls_context.h"
#include "runtime/asio_loop.h"

namespace hawser::net {

struct ServerConfig {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: any free one
  Millis ping_interval{25'000};
  Millis ping_timeout{60'000};
  std::size_t max_payload = limits::kMaxPayload;
  /// Compress WebSocket messages for clients that offer it and are authenticated.
  bool permessage_deflate = false;
  /// Origins that browsers may connect from, besides pages of this server itself; "*" allows all, then
  /// without credentials.
  std::vector<std::string> allowed_origins;

  std::size_t max_connections = limits::kMaxConnections;  ///< and as many sessions
  /// Connections from one remote address; 0: no such bound, as all clients behind a proxy or a router share
  /// an address.
  std::size_t max_connections_per_address = 0;

  // Bounds that tests make smaller.
  std::size_t max_unauthenticated = limits::kMaxUnauthenticated;
  Millis auth_grace = limits::kAuthGrace;
  Millis idle_grace = limits::kIdleGrace;
  std::size_t max_lingering = limits::kMaxLingering;
  std::size_t max_send_bytes = limits::kMaxSendBytes;
  std::size_t max_receive_bytes = limits::kMaxReceiveBytes;
  Millis http_read_timeout = limits::kHttpReadTimeout;
  Millis http_idle_timeout = limits::kHttpIdleTimeout;
  Millis message_timeout = limits::kMessageTimeout;
  Millis write_stall_timeout = limits::kWriteStallTimeout;
  Millis upgrade_timeout = limits::kUpgradeTimeout;
  Millis close_linger = limits::kClosedSessionLinger;
};

struct HttpRequest {
  std::string method;
  std::string path;            ///< percent-decoded, without the query
  std::string query;           ///< raw
  std::string authorization;   ///< header value, empty when there is none
  std::string remote_address;  ///< of the peer: the client, or a proxy before it
  bool forwarded = false;      ///< a proxy says that it passes on what another client sent
  bool has_body = false;       ///< which nobody reads
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  SharedBytes body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Answers everything outside the Engine.IO endpoints. Called on any of the loops, also at the same time;
/// must not block.
using HttpRoutes = std::function<HttpResponse(const HttpRequest&)>;

/// Answers a request, at most once, on any thread.
using HttpRespond = std::function<void(HttpResponse)>;
/// Answers requests for which something must be waited for; false when this is none of them. Called as
/// HttpRoutes, and asked first.
using HttpService = std::function<bool(const HttpRequest&, const HttpRespond&)>;

/// Makes the application of a new Engine.IO session, on the session's core.
using ChannelHandlerFactory =
    std::function<std::unique_ptr<ChannelHandler>(Loop&, Channel&, const HandshakeInfo&)>;

/// A place where Engine.IO sessions are opened; they are known there only.
struct Endpoint {
  std::string path;  ///< clients may leave out the last slash
  ChannelHandlerFactory make_handler;
};

/// Listens on every core and turns bytes of TCP connections into Engine.IO sessions and HTTP requests.
/// Made and destroyed on the main thread; the loops must outlive it.
class Server {
 public:
  Server(ServerConfig config, const std::vector<runtime::AsioLoop*>& loops, Random& random,
         std::vector<Endpoint> endpoints, HttpRoutes routes, HttpService service = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and listens on all loops. Errors name the address and what to do.
  Status start();
  std::uint16_t port() const;
  /// Connections that are accepted from now on speak TLS with it; earlier ones go on as they are. Before
  /// `start`, so that no plain connection is taken, and to change the certificate. Any thread.
  void use_tls(std::shared_ptr<const TlsContext> tls);
  /// Refuses new sessions with 503 and Retry-After; established ones and HTTP go on. Any thread.
  void refuse_new_sessions();
  /// Stops listening, closes every session with `reason` and every connection once flushed, at latest at
  /// `deadline`. Blocks until all are gone; the loops must still run. Not on a loop.
  void stop(CloseReason reason, TimePoint deadline);

  /// What all cores count, added up. Any thread; blocks nobody.
  struct Gauges {
    std::size_t connections = 0;
    std::size_t sessions = 0;
    std::int64_t unauthenticated = 0;
    std::int64_t lingering = 0;
    std::int64_t upgrades = 0;
    std::int64_t send_bytes = 0;
    std::int64_t receive_bytes = 0;
    std::int64_t opened = 0;
    std::array<std::int64_t, kEndings> endings{};
    std::array<std::int64_t, kRefusals> refusals{};
    std::array<std::int64_t, kRefusedStatuses.size()> refused_requests{};
    std::array<std::int64_t, kFaultCodes.size()> websocket_faults{};
  };
  Gauges gauges() const;
  std::size_t max_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hawser::net
