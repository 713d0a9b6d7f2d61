#include <string>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

/// With one loop every session is local; with two, the clients make sure that requests cross cores.
class PollingServerTest : public ServerTest {
 protected:
  /// Where sessions live, and a connection to that core.
  RawClient at_home() { return connect_to_core(0); }
  /// A connection to another core, where there is one.
  RawClient elsewhere() { return connect_to_core(GetParam() - 1); }
};

INSTANTIATE_TEST_SUITE_P(Loops, PollingServerTest, testing::Values(1, 2),
                         [](const auto& loops) { return std::to_string(loops.param); });

TEST_P(PollingServerTest, opens_a_session_with_the_headers_of_the_reference) {
  config_.allowed_origins = {"*"};
  start(GetParam());
  auto client = connect();
  const auto response = client.get(kPolling);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(response.header("cache-control"), "no-store");
  EXPECT_EQ(response.header("access-control-allow-origin"), "*");
  EXPECT_EQ(response.body, "0{\"sid\":\"" + sid_in(response.body) +
                               R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":60000,)"
                               R"("maxPayload":1000000})");
  const auto posted = client.post(polling(sid_in(response.body)), "4hello");
  EXPECT_EQ(posted.header("content-type"), "text/html");
  EXPECT_EQ(posted.header("cache-control"), "no-store");
  EXPECT_EQ(posted.body, "ok");
}

TEST_P(PollingServerTest, ends_a_session_whose_poll_is_sent_again_over_another_connection) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  home.post(polling(sid) + "&t=1", "4lost");
  EXPECT_EQ(home.get(polling(sid) + "&t=2").body, "4lost");
  home.post(polling(sid) + "&t=3", "4late");
  const auto again = elsewhere().get(polling(sid) + "&t=2");
  EXPECT_EQ(again.status, 400);
  EXPECT_NE(again.body.find("the same request twice"), std::string::npos) << again.body;
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(home.get(polling(sid) + "&t=4").body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_P(PollingServerTest, echoes_over_any_connection) {
  start(GetParam());
  auto home = at_home();
  auto other = elsewhere();
  const auto sid = open_polling(home);
  EXPECT_EQ(other
                .post(polling(sid),
                      "4a\x1e"
                      "bAQIDBA==\x1e"
                      "4\xe2\x82\xac")
                .body,
            "ok");
  EXPECT_EQ(other.get(polling(sid)).body,
            "4a\x1e"
            "bAQIDBA==\x1e"
            "4\xe2\x82\xac");
  home.request("GET", polling(sid));
  EXPECT_EQ(other
                .post(polling(sid),
                      "4b\x1e"
                      "4c")
                .body,
            "ok");
  EXPECT_EQ(home.response().body,
            "4b\x1e"
            "4c");
}

TEST_P(PollingServerTest, serves_several_sessions_over_one_connection) {
  start(GetParam());
  auto client = elsewhere();
  auto home = at_home();
  std::vector<std::string> sids;
  for (int i = 0; i < 5; ++i) sids.push_back(open_polling(i % 2 == 0 ? client : home));
  for (int round = 0; round < 3; ++round) {
    for (const auto& sid : sids) EXPECT_EQ(client.post(polling(sid), "4" + sid).body, "ok");
    for (const auto& sid : sids) EXPECT_EQ(client.get(polling(sid)).body, "4" + sid);
  }
}

TEST_P(PollingServerTest, knows_a_session_at_its_own_endpoint_only) {
  start(GetParam());
  auto home = at_home();
  auto other = elsewhere();
  const auto sid = open_polling(home);
  const auto foreign = "/engine.io?EIO=4&transport=polling&sid=" + sid;
  EXPECT_EQ(other.get(foreign).body, R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(other.post(foreign, "4a").body, R"({"code":1,"message":"Session ID unknown"})");
  EXPECT_EQ(elsewhere().upgrade("/engine.io/?EIO=4&transport=websocket&sid=" + sid).status, 400);
  EXPECT_EQ(other.post(polling(sid), "4b").body, "ok");
  EXPECT_EQ(home.get(polling(sid)).body, "4b") << "nothing of it reached the session";

  const auto there = sid_in(other.get("/engine.io?EIO=4&transport=polling").body);
  EXPECT_EQ(other.get(polling(there)).body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_P(PollingServerTest, answers_pipelined_requests_in_order) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  // The poll waits for the echo of the post behind it.
  client.request("GET", polling(sid));
  client.request("POST", polling(sid), "4a");
  client.request("GET", "/other");
  client.request("GET", polling("nobody"));
  EXPECT_EQ(client.response().body, "4a");
  EXPECT_EQ(client.response().body, "ok");
  EXPECT_EQ(client.response().body, "GET /other  ");
  EXPECT_EQ(client.response().body, R"({"code":1,"message":"Session ID unknown"})");
  // More than may wait at a time, in one segment.
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.request("GET", polling(sid));
  client.send(burst);
  EXPECT_EQ(home.post(polling(sid), "4b").body, "ok");
  EXPECT_EQ(client.response().body, "4b");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(client.response().body, "GET /" + std::to_string(i) + "  ");
}

TEST_P(PollingServerTest, closes_the_session_when_its_poll_is_aborted) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  {
    auto client = elsewhere();
    client.request("GET", polling(sid));
    EXPECT_EQ(home.post(polling(sid), "4a").body, "ok");  // Now the poll has surely arrived …
    EXPECT_EQ(client.response().body, "4a");
    client.request("GET", polling(sid));
  }
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(closed_.lines().front(), "transport error");
  EXPECT_EQ(home.get(polling(sid)).body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_P(PollingServerTest, closes_the_session_on_a_second_poll) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  // Both pipelined, so that their order is certain.
  client.request("GET", polling(sid));
  client.request("GET", polling(sid));
  EXPECT_EQ(client.response().body, "1");
  EXPECT_EQ(client.response().status, 400);
  EXPECT_EQ(home.get(polling(sid)).status, 400);
  ASSERT_TRUE(closed_.wait_for(1));
}

TEST_P(PollingServerTest, closes_the_session_on_a_second_post_while_one_is_read) {
  start(GetParam());
  auto home = at_home();
  auto first = elsewhere();
  auto second = elsewhere();
  const auto sid = open_polling(home);
  first.send("POST " + polling(sid) +
             " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(first.response().status, 100);
  EXPECT_EQ(second.post(polling(sid), "4a").status, 400);
  EXPECT_EQ(first.response().status, 400);
  ASSERT_TRUE(closed_.wait_for(1));
}

TEST_P(PollingServerTest, closes_the_session_when_a_post_is_cut_off) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  {
    auto client = elsewhere();
    client.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n4a");
  }
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(home.get(polling(sid)).status, 400);
}

TEST_P(PollingServerTest, refuses_a_body_over_the_limit_and_delivers_nothing) {
  config_.max_payload = 1000;
  config_.allowed_origins = {"*"};
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  auto client = elsewhere();
  const auto refused = client.post(polling(sid), std::string(1001, '4'));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.header("access-control-allow-origin"), "*");
  auto chunked = elsewhere();
  chunked.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("400\r\n4" + std::string(1023, 'x') + "\r\n");
  const auto cut = chunked.response();
  EXPECT_EQ(cut.status, 413);
  EXPECT_EQ(cut.header("access-control-allow-origin"), "*");
  EXPECT_EQ(chunked.read_to_end(), "");
  EXPECT_EQ(home.post(polling(sid), "4" + std::string(999, 'y')).body, "ok");
  EXPECT_EQ(home.get(polling(sid)).body, "4" + std::string(999, 'y'));
}

TEST_P(PollingServerTest, ends_the_session_on_a_body_it_cannot_read) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const std::pair<std::string, std::string> table[] = {{"4a", "Content-Type: application/octet-stream\r\n"},
                                                       {"abc", ""},
                                                       {"", ""},
                                                       {"4\xff", ""},
                                                       {"4a\x1e", ""}};
  for (const auto& [body, headers] : table) {
    const auto sid = open_polling(home);
    EXPECT_EQ(client.post(polling(sid), body, headers).status, 400) << body;
    EXPECT_EQ(client.get(polling(sid)).body, R"({"code":1,"message":"Session ID unknown"})");
  }
}

TEST_P(PollingServerTest, lets_the_client_leave) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  client.request("GET", polling(sid));
  client.request("POST", polling(sid), "1");
  EXPECT_EQ(client.response().body, "6");
  EXPECT_EQ(client.response().body, "ok");
  EXPECT_EQ(client.get(polling(sid)).status, 400);
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(closed_.lines().front(), "transport close");
}

TEST_P(PollingServerTest, keeps_the_close_packet_for_the_next_poll) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  EXPECT_EQ(client
                .post(polling(sid),
                      "4last\x1e"
                      "4close:0\x1e"
                      "4late")
                .body,
            "ok");
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(client.get(polling(sid)).body, "4last");
  EXPECT_EQ(client.get(polling(sid)).body, "1");
  EXPECT_EQ(client.get(polling(sid)).status, 400);
}

TEST_P(PollingServerTest, times_a_mute_client_out) {
  config_.ping_interval = 50ms;
  config_.ping_timeout = 50ms;
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  EXPECT_EQ(client.get(polling(sid)).body, "2");
  EXPECT_EQ(client.get(polling(sid)).body, "1");
  EXPECT_EQ(client.get(polling(sid)).status, 400);
}

TEST_P(PollingServerTest, answers_errors_of_the_protocol_with_its_codes) {
  start(GetParam());
  auto home = at_home();
  auto client = elsewhere();
  const auto sid = open_polling(home);
  struct Row {
    std::string method, target;
    int code;
  };
  const Row table[] = {
      {"GET", "/socket.io/?EIO=4", 0},
      {"GET", "/socket.io/?EIO=4&transport=__proto__", 0},
      {"GET", "/socket.io/?EIO=4&transport=polling&transport=polling", 0},
      {"GET", polling("__proto__"), 1},
      {"GET", polling("a%00b"), 1},
      {"GET", polling(""), 1},
      {"POST", polling(std::string(2000, 'x')), 1},
      {"POST", kPolling, 2},
      {"PUT", kPolling, 2},
      {"GET", kWebSocket, 3},
      {"GET", websocket(sid), 3},
      {"PUT", polling(sid), 3},
      {"GET", "/socket.io/?transport=polling", 5},
      {"GET", "/socket.io/?EIO=3&transport=polling", 5},
      {"POST", "/socket.io/?EIO=3&transport=polling&sid=" + sid, 5},
      {"GET", "/socket.io?transport=polling&EIO=5", 5},
  };
  for (const auto& row : table) {
    client.request(row.method, row.target);
    const auto response = client.response();
    EXPECT_EQ(response.status, 400) << row.target;
    EXPECT_EQ(response.header("content-type"), "application/json");
    EXPECT_TRUE(response.body.starts_with("{\"code\":" + std::to_string(row.code) + ','))
        << row.target << response.body;
  }
  EXPECT_EQ(client.post(polling(sid), "4alive").body, "ok");
}

}  // namespace
}  // namespace hawser::net
