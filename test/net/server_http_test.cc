#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using HttpServerTest = ServerTest;
using test::RawClient;

TEST_F(HttpServerTest, passes_other_paths_to_the_application) {
  start();
  auto client = connect();
  const auto response = client.get("/a%20b?c=d", "Authorization: Bearer t\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "text/plain");
  EXPECT_EQ(response.header("x-test"), "yes");
  EXPECT_EQ(response.body, "GET /a b c=d Bearer t");
  EXPECT_EQ(client.post("/p", "ignored").body, "POST /p  ");
  EXPECT_EQ(client.get("/missing").status, 404);
  EXPECT_EQ(client.get("/socket.iox/").body, "GET /socket.iox/  ");
}

TEST_F(HttpServerTest, answers_head_without_a_body) {
  start();
  auto client = connect();
  client.request("HEAD", "/a");
  const auto response = client.response(false);
  EXPECT_EQ(response.header("content-length"), "9");
  EXPECT_EQ(client.get("/b").body, "GET /b  ");
}

TEST_F(HttpServerTest, closes_when_the_client_asks_for_it) {
  start();
  auto client = connect();
  client.request("GET", "/", "", "Connection: close\r\n");
  EXPECT_EQ(client.response().header("connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  auto old = connect();
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.response().status, 200);
  EXPECT_EQ(old.read_to_end(), "");
  auto kept = connect();
  kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.response().header("connection"), "keep-alive");
  EXPECT_EQ(kept.get("/").status, 200);
}

TEST_F(HttpServerTest, answers_a_client_that_has_shut_its_half) {
  start();
  auto client = connect();
  client.request("GET", "/");
  client.shut_down_sending();
  EXPECT_EQ(client.response().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(HttpServerTest, refuses_ambiguous_requests_and_whatever_follows_them) {
  start();
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const auto* headers :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n", "Transfer-Encoding: chunked, x\r\n", "A: b\r\n c\r\n",
        "Content-Length : 5\r\n", "A: b\nContent-Length: 5\r\n"}) {
    auto client = connect();
    client.send("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + smuggled);
    const auto response = client.response();
    EXPECT_EQ(response.status, 400) << headers;
    EXPECT_EQ(response.header("connection"), "close");
    EXPECT_EQ(client.read_to_end(), "") << headers;
  }
}

TEST_F(HttpServerTest, refuses_long_headers) {
  start();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(20'000, 'x'));
  EXPECT_EQ(client.response().status, 431);
}

TEST_F(HttpServerTest, ends_connections_that_send_their_request_too_slowly) {
  config_.http_read_timeout = 50ms;
  start();
  auto silent = connect();
  auto head = connect();
  head.send("GET / HTTP/1.1\r\nHost:");
  auto body = connect();
  body.send("POST " + polling(open_polling(body)) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  auto second = connect();
  EXPECT_EQ(second.get("/").status, 200);
  second.send("GET");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(head.response().status, 408);
  EXPECT_EQ(head.read_to_end(), "");
  EXPECT_EQ(body.read_to_end(), "");
  EXPECT_EQ(second.response().status, 408);
}

TEST_F(HttpServerTest, ends_idle_connections_but_not_waiting_polls) {
  config_.http_idle_timeout = 50ms;
  config_.http_read_timeout = 50ms;
  start();
  auto idle = connect();
  auto waiting = connect();
  const auto sid = open_polling(waiting);
  waiting.request("GET", polling(sid));
  EXPECT_EQ(idle.get("/").status, 200);
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(connect().post(polling(sid), "4a").body, "ok");
  EXPECT_EQ(waiting.response().body, "4a");
}

TEST_F(HttpServerTest, turns_connections_over_the_limit_away) {
  config_.max_connections = 2;
  start();
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(second.get("/").status, 200);
  EXPECT_EQ(server_->gauges().connections, 2U);
  {
    auto third = connect();
    const auto response = third.get("/");
    EXPECT_EQ(response.status, 503);
    EXPECT_FALSE(response.header("retry-after").empty());
    EXPECT_EQ(third.read_to_end(), "");
  }
  second.close();
  while (true) {  // Until the server has seen the close.
    auto again = connect();
    if (again.get("/").status == 200) break;
  }
}

TEST_F(HttpServerTest, answers_a_preflight) {
  config_.allowed_origins = {"https://good.com"};
  start();
  auto client = connect();
  client.request(
      "OPTIONS", kPolling, "",
      "Origin: https://good.com\r\nAccess-Control-Request-Headers: x-a\r\nAccess-Control-Request-Method: "
      "POST\r\n");
  const auto response = client.response();
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.header("content-length"), "0");
  EXPECT_EQ(response.header("access-control-allow-origin"), "https://good.com");
  EXPECT_EQ(response.header("access-control-allow-credentials"), "true");
  EXPECT_EQ(response.header("access-control-allow-headers"), "x-a");
  EXPECT_EQ(response.header("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
  EXPECT_EQ(response.header("vary"), "Access-Control-Request-Headers, Origin");
  client.request("OPTIONS", kPolling, "", "Origin: https://evil.io\r\n");
  const auto refused = client.response();
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "");
}

TEST_F(HttpServerTest, refuses_foreign_origins_on_both_transports) {
  config_.allowed_origins = {"https://good.com"};
  start();
  auto client = connect();
  const auto refused = client.get(kPolling, "Origin: https://evil.io\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, R"({"code":4,"message":"Forbidden"})");
  EXPECT_EQ(refused.header("access-control-allow-origin"), "");
  const auto sid = open_polling(client);
  EXPECT_EQ(client.post(polling(sid), "4a", "Origin: https://evil.io\r\n").status, 403);
  EXPECT_EQ(client.get(kPolling, "Origin: https://good.com\r\n").status, 200);
  EXPECT_EQ(client.get(kPolling, "Origin: http://test\r\n").status, 200) << "the server's own page";
  const auto error = client.get(polling("x"), "Origin: https://good.com\r\n");
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.header("access-control-allow-origin"), "https://good.com");
  auto socket = connect();
  EXPECT_EQ(socket.upgrade(kWebSocket, "Origin: https://evil.io\r\n").status, 403);
  EXPECT_EQ(connect().upgrade(kWebSocket, "Origin: https://good.com\r\n").status, 101);
  EXPECT_EQ(connect().upgrade(kWebSocket).status, 101);
}

TEST_F(HttpServerTest, takes_the_path_with_or_without_its_last_slash) {
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/socket.io?EIO=4&transport=polling").status, 200);
  EXPECT_EQ(connect().upgrade("/socket.io?EIO=4&transport=websocket").status, 101);
}

TEST_F(HttpServerTest, says_which_address_it_cannot_take) {
  start();
  ServerConfig same = config_;
  same.port = server_->port();
  runtime::AsioLoop loop(0, runtime::system_clock());
  runtime::AsioLoop other(1, runtime::system_clock());
  Server second(same, {&loop, &other}, runtime::system_random(), endpoints(), routes_);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::unavailable);
  EXPECT_NE(started.error().message.find(std::to_string(same.port)), std::string::npos)
      << started.error().message;
}

/// Requests whose answers wait until the test gives them.
class WaitingService {
 public:
  HttpService service() {
    return [this](const HttpRequest& request, const HttpRespond& respond) {
      if (!request.path.starts_with("/later")) return false;
      const std::lock_guard lock(mutex_);
      waiting_.emplace_back(request, respond);
      arrived_.notify_all();
      return true;
    };
  }
  std::pair<HttpRequest, HttpRespond> next() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return !waiting_.empty(); });
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }
  static void answer(const std::pair<HttpRequest, HttpRespond>& request) {
    HttpResponse response;
    response.status = 202;
    response.body = share(request.first.path);
    request.second(std::move(response));
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::pair<HttpRequest, HttpRespond>> waiting_;
};

TEST_F(HttpServerTest, answers_that_are_waited_for_come_in_the_order_of_their_requests) {
  WaitingService later;
  service_ = later.service();
  start(2);
  auto client = connect();
  client.request("GET", "/later/1");
  client.request("GET", "/now");
  client.request("DELETE", "/later/2");
  const auto first = later.next();
  const auto second = later.next();
  WaitingService::answer(second);
  WaitingService::answer(second);  // Once is enough.
  WaitingService::answer(first);
  const auto response = client.response();
  EXPECT_EQ(response.status, 202);
  EXPECT_EQ(response.body, "/later/1");
  EXPECT_EQ(client.response().body, "GET /now  ");
  EXPECT_EQ(client.response().body, "/later/2");
  EXPECT_EQ(client.get("/after").body, "GET /after  ");
}

TEST_F(HttpServerTest, an_answer_for_a_client_that_has_gone_is_for_nobody) {
  WaitingService later;
  service_ = later.service();
  start();
  auto client = connect();
  client.request("GET", "/later/1");
  const auto request = later.next();
  client.reset();
  auto other = connect();
  EXPECT_EQ(other.get("/now").body, "GET /now  ");
  WaitingService::answer(request);
  EXPECT_EQ(other.get("/now").body, "GET /now  ");
  shut_down();
  WaitingService::answer(request);
}

TEST_F(HttpServerTest, a_service_is_told_that_there_is_a_body_which_nobody_reads) {
  service_ = [](const HttpRequest& request, const HttpRespond& respond) {
    HttpResponse response;
    response.status = 400;
    response.body = share(std::string(request.has_body ? "body" : "none"));
    respond(std::move(response));
    return true;
  };
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/a").body, "none");
  EXPECT_EQ(client.post("/a", "text").body, "body");
  EXPECT_EQ(client.get("/a").body, "none");
}

}  // namespace
}  // namespace hawser::net
