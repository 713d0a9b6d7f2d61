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
/// Connections over a limit that hear a 503 at the same time; more are closed without a word.
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

/// A listener for both families shows IPv4 clients as IPv6 addresses.
asio::ip::address plain(const asio::ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
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
    core_.gauges().count(Refusal::descriptors);
    if (!std::exchange(failing_, true)) spdlog::warn("cannot accept connections: {}", error.message());
    retry_.set(core_.loop().now() + kRetryDelay);
    return;
  }
  failing_ = false;
  if (!error) take(std::move(socket));
  accept();
}

void Listener::take(tcp::socket stream) {
  boost::system::error_code error;
  stream.non_blocking(true, error);
  if (!error) stream.set_option(tcp::no_delay(true), error);
  const auto remote = plain(stream.remote_endpoint(error).address());
  if (error) return;
  Socket socket{std::move(stream), {}, {}, remote.to_string(), nullptr};
  const auto refusal = admit(socket, remote);
  if (refusal) {
    core_.gauges().count(*refusal);
    auto place = core_.context().turned_away->enter(kTurnedAway);
    if (!place) return;
    socket.place = std::move(*place);
  }
  if (const auto context = core_.context().tls()) {
    socket.tls = TlsSession::accept(*context, socket.stream.native_handle());
    if (!socket.tls) return;
  }
  auto connection = std::make_shared<HttpConnection>(core_, std::move(socket));
  refusal ? connection->turn_away() : connection->serve();
}

/// Gives the socket its places, or says why there is none.
std::optional<Refusal> Listener::admit(Socket& socket, const asio::ip::address& remote) {
  auto& context = core_.context();
  if (const auto most = context.config.max_connections_per_address; most > 0) {
    auto neighbour = context.neighbours.of(remote)->enter(most);
    if (!neighbour) return Refusal::address;
    socket.neighbour = std::move(*neighbour);
  }
  const auto limit = context.config.max_connections;
  auto place = context.connections->enter(limit);
  if (!place && core_.drop_idle_connections()) place = context.connections->enter(limit);
  if (!place) return Refusal::connections;
  socket.place = std::move(*place);
  return std::nullopt;
}

}  // namespace hawser::net
