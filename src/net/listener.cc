#include "net/listener.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <utility>

#include "net/http_connection.h"

namespace hawser::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using namespace std::chrono_literals;

/// After accept fails for want of descriptors or memory: time for others to give some back.
constexpr auto kRetryDelay = 100ms;
/// Connections over the limit that hear a 503; more are closed without a word.
constexpr std::size_t kTurnedAway = 64;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

std::unexpected<Error> cannot_listen(const std::string& host, std::uint16_t port,
                                     const boost::system::error_code& error) {
  const auto advice = error == asio::error::address_in_use
                          ? "another program uses it; stop that one or choose another port"
                          : "check host and port";
  return fail(Errc::unavailable,
              fmt::format("cannot listen on {}:{}: {} ({})", host, port, error.message(), advice));
}

Result<tcp::endpoint> resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) return cannot_listen(host, port, error);
  return found.begin()->endpoint();
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::open(Core& core, const std::string& host, std::uint16_t port,
                                                 Claim claim) {
  const auto endpoint = resolve(core.loop().context(), host, port);
  if (!endpoint) return std::unexpected(endpoint.error());
  tcp::acceptor acceptor(core.loop().context());
  boost::system::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && claim == Claim::joining) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error && claim == Claim::first) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(host, port, error);
  return std::make_shared<Listener>(core, std::move(acceptor));
}

Listener::Listener(Core& core, tcp::acceptor acceptor)
    : core_(core), acceptor_(std::move(acceptor)), retry_(core.loop(), [this] { accept(); }) {}

std::uint16_t Listener::port() const {
  boost::system::error_code error;
  const auto endpoint = acceptor_.local_endpoint(error);
  return error ? std::uint16_t{0} : endpoint.port();
}

void Listener::accept() {
  acceptor_.async_accept(
      [weak = weak_from_this()](const boost::system::error_code& error, tcp::socket socket) {
        if (const auto self = weak.lock()) self->on_accepted(error, std::move(socket));
      });
}

void Listener::on_accepted(const boost::system::error_code& error, tcp::socket socket) {
  if (error && error != asio::error::connection_aborted) {
    if (!std::exchange(failing_, true)) spdlog::warn("cannot accept connections: {}", error.message());
    retry_.set(core_.loop().now() + kRetryDelay);
    return;
  }
  failing_ = false;
  if (!error) take(std::move(socket));
  accept();
}

void Listener::take(tcp::socket socket) {
  const auto limit = core_.context().config.max_connections;
  auto& connections = *core_.context().connections;
  auto place = connections.enter(limit);
  const bool full = !place;
  if (full) place = connections.enter(limit + kTurnedAway);
  boost::system::error_code error;
  socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  const auto remote = socket.remote_endpoint(error);
  if (error || !place) return;
  std::unique_ptr<TlsSession> tls;
  if (const auto context = core_.context().tls()) {
    tls = TlsSession::accept(*context, socket.native_handle());
    if (!tls) return;
  }
  auto connection = std::make_shared<HttpConnection>(
      core_, Socket{std::move(socket), std::move(*place), remote.address().to_string(), std::move(tls)});
  full ? connection->turn_away() : connection->serve();
}

}  // namespace hawser::net
