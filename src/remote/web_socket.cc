#include "remote/web_socket.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <deque>

#include "base/limits.h"
#include "remote/tls_client.h"

namespace hawser::remote {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::use_awaitable;

constexpr auto kConnectTimeout = std::chrono::seconds(10);
constexpr std::size_t kMaxMessage = 16 * limits::kMiB;  // job:failed with its partial output fits easily.

using Plain = websocket::stream<beast::tcp_stream>;
using Secure = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

/// Lives as long as its read loop; the owner's WebSocket only refers to it.
template <class Stream>
class Connection final : public std::enable_shared_from_this<Connection<Stream>> {
 public:
  /// `layer`: what the WebSocket runs over.
  Connection(asio::io_context& context, WebUrl url, std::string target, WebSocket::Callbacks callbacks,
             typename Stream::next_layer_type layer)
      : context_(context),
        stream_(std::move(layer)),
        url_(std::move(url)),
        target_(std::move(target)),
        callbacks_(std::move(callbacks)) {}

  void start() { asio::co_spawn(context_, run(this->shared_from_this()), asio::detached); }

  void send(std::string text) {
    outgoing_.push_back(std::move(text));
    if (open_ && !writing_) write_next();
  }

  void set_silence_limit(Millis limit) {
    stream_.set_option(websocket::stream_base::timeout{kConnectTimeout, limit, false});
  }

  void abandon() {
    callbacks_ = {};
    beast::get_lowest_layer(stream_).cancel();
    beast::get_lowest_layer(stream_).close();
  }

 private:
  // Asio reports failures of awaited operations as exceptions; they end here and become an Error.
  asio::awaitable<void> run(std::shared_ptr<Connection> self) {
    Error why;
    try {
      co_await connect();
      co_await read_all();
    } catch (const boost::system::system_error& error) {
      why = explain(error.code());
    }
    open_ = false;
    if (auto on_closed = std::exchange(self->callbacks_, {}).on_closed) on_closed(std::move(why));
  }

  asio::awaitable<void> connect() {
    asio::ip::tcp::resolver resolver(context_);
    const auto addresses =
        co_await resolver.async_resolve(url_.host, std::to_string(url_.port), use_awaitable);
    auto& tcp = beast::get_lowest_layer(stream_);
    tcp.expires_after(kConnectTimeout);
    co_await tcp.async_connect(addresses, use_awaitable);
    tcp.socket().set_option(asio::ip::tcp::no_delay(true));
    if constexpr (std::is_same_v<Stream, Secure>) {
      co_await stream_.next_layer().async_handshake(asio::ssl::stream_base::client, use_awaitable);
    }
    tcp.expires_never();
    set_silence_limit(kConnectTimeout);
    stream_.read_message_max(kMaxMessage);
    co_await stream_.async_handshake(response_, authority(url_.host, url_.port), target_, use_awaitable);
    stream_.text(true);
    open_ = true;
    if (!outgoing_.empty()) write_next();
  }

  asio::awaitable<void> read_all() {
    beast::flat_buffer buffer;
    while (true) {
      co_await stream_.async_read(buffer, use_awaitable);
      const auto bytes = buffer.cdata();
      // A copy, because the callback may end this connection.
      const auto on_text = callbacks_.on_text;
      if (!on_text) co_return;
      if (stream_.got_text()) on_text({static_cast<const char*>(bytes.data()), bytes.size()});
      buffer.consume(buffer.size());
    }
  }

  void write_next() {
    writing_ = true;
    stream_.async_write(asio::buffer(outgoing_.front()),
                        [self = this->shared_from_this()](const beast::error_code& error, std::size_t) {
                          self->writing_ = false;
                          if (error) return;  // The read loop meets the same end and reports it.
                          self->outgoing_.pop_front();
                          if (!self->outgoing_.empty()) self->write_next();
                        });
  }

  Error explain(const beast::error_code& error) const {
    const auto where = authority(url_.host, url_.port);
    if (error == websocket::error::upgrade_declined) {
      const auto status = response_.result_int();
      if (status == 503 || status == 429) return {Errc::overloaded, fmt::format("{} is busy.", where)};
      return {Errc::config, fmt::format("{} answered HTTP {}: it is not a Hawser server.", where, status)};
    }
    if (error == websocket::error::closed) return {Errc::unavailable, closing_words()};
    if (error.category() == asio::error::get_ssl_category()) return explain_tls(error);
    if (error == asio::error::eof || error == asio::error::connection_reset ||
        error == asio::ssl::error::stream_truncated) {
      return {Errc::unavailable, fmt::format("{}: the connection was lost.", where)};
    }
    if (error == beast::error::timeout) return {Errc::unavailable, fmt::format("{} is silent.", where)};
    return {Errc::unavailable, fmt::format("{}: {}.", where, error.message())};
  }

  Error explain_tls(const beast::error_code& error) const {
    const auto where = authority(url_.host, url_.port);
    if constexpr (std::is_same_v<Stream, Secure>) {
      return remote::explain_tls(error, where, const_cast<Stream&>(stream_).next_layer().native_handle());
    }
    return {Errc::unavailable, fmt::format("{}: {}.", where, error.message())};
  }

  std::string closing_words() const {
    switch (stream_.reason().code) {
      case websocket::close_code::going_away: return "The server is restarting.";
      case websocket::close_code::try_again_later: return "The server asks to come back later.";
      default: return "The server closed the connection.";
    }
  }

  asio::io_context& context_;
  Stream stream_;
  WebUrl url_;
  std::string target_;
  WebSocket::Callbacks callbacks_;
  websocket::response_type response_;
  std::deque<std::string> outgoing_;
  bool open_ = false;
  bool writing_ = false;
};

template <class Stream>
class Handle final : public WebSocket {
 public:
  explicit Handle(std::shared_ptr<Connection<Stream>> connection) : connection_(std::move(connection)) {
    connection_->start();
  }
  ~Handle() override { connection_->abandon(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  void send(std::string text) override { connection_->send(std::move(text)); }
  void set_silence_limit(Millis limit) override { connection_->set_silence_limit(limit); }

 private:
  std::shared_ptr<Connection<Stream>> connection_;
};

std::shared_ptr<Connection<Secure>> secure_connection(asio::io_context& context, const WebUrl& url,
                                                      std::string target, const std::string& ca_file,
                                                      WebSocket::Callbacks callbacks) {
  asio::ssl::context tls(asio::ssl::context::tls_client);  // The stream keeps what it needs of it.
  trust(tls.native_handle(), ca_file);
  beast::ssl_stream<beast::tcp_stream> stream(beast::tcp_stream(context), tls);
  expect_host(stream.native_handle(), url.host);
  return std::make_shared<Connection<Secure>>(context, url, std::move(target), std::move(callbacks),
                                              std::move(stream));
}

}  // namespace

std::unique_ptr<WebSocket> WebSocket::open(asio::io_context& context, const WebUrl& url, std::string target,
                                           const std::string& ca_file, Callbacks callbacks) {
  if (url.secure) {
    return std::make_unique<Handle<Secure>>(
        secure_connection(context, url, std::move(target), ca_file, std::move(callbacks)));
  }
  return std::make_unique<Handle<Plain>>(std::make_shared<Connection<Plain>>(
      context, url, std::move(target), std::move(callbacks), beast::tcp_stream(context)));
}

}  // namespace hawser::remote
