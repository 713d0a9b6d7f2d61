#include "cli/https_probe.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <exception>
#include <utility>

#include "base/web_url.h"

namespace hawser::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;

constexpr std::size_t kMaxAnswer = 65'536;

struct Question {
  std::string host;
  std::uint16_t port;
  std::string path;
  Millis timeout;
};

asio::awaitable<HttpAnswer> ask(asio::io_context& context, const Question& question) {
  asio::ip::tcp::resolver resolver(context);
  const auto addresses =
      co_await resolver.async_resolve(question.host, std::to_string(question.port), use_awaitable);
  asio::ssl::context tls(asio::ssl::context::tls_client);
  beast::ssl_stream<beast::tcp_stream> stream(beast::tcp_stream(context), tls);
  auto& tcp = beast::get_lowest_layer(stream);
  tcp.expires_after(question.timeout);
  co_await tcp.async_connect(addresses, use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, use_awaitable);
  http::request<http::empty_body> request(http::verb::get, question.path, 11);
  request.set(http::field::host, authority(question.host, question.port));
  request.set(http::field::connection, "close");
  co_await http::async_write(stream, request, use_awaitable);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswer);
  co_await http::async_read(stream, buffer, parser, use_awaitable);
  co_return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace

Result<HttpAnswer> https_get(const std::string& host, std::uint16_t port, std::string_view path,
                             Millis timeout) {
  const Question question{host, port, std::string(path), timeout};
  asio::io_context context(1);
  Result<HttpAnswer> result;
  asio::co_spawn(context, ask(context, question), [&](const std::exception_ptr& failure, HttpAnswer answer) {
    if (!failure) {
      result = std::move(answer);
      return;
    }
    try {  // Asio reports failures of awaited operations as exceptions.
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      result = fail(Errc::unavailable, fmt::format("{}: {}", authority(host, port), error.what()));
    }
  });
  context.run();
  return result;
}

}  // namespace hawser::cli
