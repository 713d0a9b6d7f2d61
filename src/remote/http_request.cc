#include "remote/http_request.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "base/limits.h"
#include "remote/tls_client.h"

namespace hawser::remote {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr std::size_t kMaxAnswer = 16 * limits::kMiB;

using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;

http::request<http::empty_body> request_of(const HttpQuestion& question) {
  http::request<http::empty_body> request;
  request.method_string(question.method);
  request.target(question.target);
  request.set(http::field::host, authority(question.url.host, question.url.port));
  request.set(http::field::authorization, "Bearer " + question.token);
  request.set(http::field::content_length, "0");
  request.set(http::field::connection, "close");
  return request;
}

template <class Stream>
asio::awaitable<HttpAnswer> ask(Stream& stream, const HttpQuestion& question) {
  auto& tcp = beast::get_lowest_layer(stream);
  asio::ip::tcp::resolver resolver(tcp.get_executor());
  const auto addresses =
      co_await resolver.async_resolve(question.url.host, std::to_string(question.url.port), use_awaitable);
  tcp.expires_after(kTimeout);
  co_await tcp.async_connect(addresses, use_awaitable);
  if constexpr (std::is_same_v<Stream, Secure>) {
    co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
  }
  const auto request = request_of(question);
  co_await http::async_write(stream, request, use_awaitable);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswer);
  co_await http::async_read(stream, buffer, parser, use_awaitable);
  co_return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

/// Runs `ask` to its end. Asio reports failures of awaited operations as exceptions.
Result<HttpAnswer> wait_for(asio::io_context& context, asio::awaitable<HttpAnswer> ask, const WebUrl& url,
                            SSL* ssl) {
  Result<HttpAnswer> result;
  asio::co_spawn(context, std::move(ask), [&](const std::exception_ptr& failure, HttpAnswer answer) {
    if (!failure) {
      result = std::move(answer);
      return;
    }
    const auto where = authority(url.host, url.port);
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      const bool tls = ssl != nullptr && error.code().category() == asio::error::get_ssl_category();
      result = std::unexpected(
          tls ? explain_tls(error.code(), where, ssl)
              : Error{Errc::unavailable, fmt::format("{}: {}.", where, error.code().message())});
    } catch (const std::exception& error) {
      result = fail(Errc::unavailable, fmt::format("{}: {}.", where, error.what()));
    }
  });
  context.run();
  return result;
}

}  // namespace

Result<HttpAnswer> http_request(const HttpQuestion& question) {
  asio::io_context context(1);
  if (!question.url.secure) {
    Plain stream(context);
    return wait_for(context, ask(stream, question), question.url, nullptr);
  }
  asio::ssl::context tls(asio::ssl::context::tls_client);
  trust(tls.native_handle(), question.ca_file);
  Secure stream(Plain(context), tls);
  expect_host(stream.native_handle(), question.url.host);
  return wait_for(context, ask(stream, question), question.url, stream.native_handle());
}

}  // namespace hawser::remote
