#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "net/neighbours.h"
#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

/// Knows its peer when the peer says so.
class StrangersHandler final : public ChannelHandler {
 public:
  StrangersHandler(Channel& channel, Journal& closed) : channel_(channel), closed_(closed) {}
  void on_message(std::string_view message, bool) override {
    if (message == "flood") {
      for (int i = 0; i < 4; ++i) channel_.send(share(std::string(100'000, 'x')), false);
      return;
    }
    if (message == "timeout") return channel_.close(CloseReason::connect_timeout);
    if (message == "close") return channel_.close(CloseReason::going_away);
    known_ = known_ || message == "it is me";
    channel_.send(share(std::to_string(message.size())), false);
  }
  bool is_authenticated() const override { return known_; }
  void on_writable() override {}
  void on_closed(std::string_view reason) override { closed_.add(std::string(reason)); }

 private:
  Channel& channel_;
  Journal& closed_;
  bool known_ = false;
};

class LimitsServerTest : public ServerTest {
 protected:
  LimitsServerTest() {
    make_handler_ = [this](Loop&, Channel& channel, const HandshakeInfo&) {
      return std::make_unique<StrangersHandler>(channel, closed_);
    };
  }
  RawClient open_websocket() {
    auto client = connect();
    EXPECT_EQ(client.upgrade(kWebSocket).status, 101);
    client.read_text();
    return client;
  }
  static void introduce(RawClient& client) {
    client.send_text("4it is me");
    EXPECT_EQ(client.read_text(), "48");
  }
  template <class Probe>
  static bool comes_true(Probe probe) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!probe()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  std::int64_t refused(Refusal refusal) {
    return server_->gauges().refusals[static_cast<std::size_t>(refusal)];
  }
  static std::string post_head(const std::string& sid, const std::string& length) {
    return "POST " + polling(sid) + " HTTP/1.1\r\nHost: h\r\n" + length + "\r\n\r\n";
  }
};

TEST_F(LimitsServerTest, refuses_sessions_over_the_limit_with_503) {
  config_.max_connections = 2;
  start();
  auto client = connect();
  open_polling(client);
  const auto sid = open_polling(client);
  const auto response = client.get(kPolling);
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.header("retry-after").empty());
  EXPECT_EQ(refused(Refusal::sessions), 1);
  auto other = connect();
  EXPECT_EQ(other.post(polling(sid), "41").body, "ok");  // The last act of a session makes room.
  EXPECT_EQ(other.post(polling(sid), "1").body, "ok");
  EXPECT_TRUE(comes_true([this] { return server_->gauges().sessions == 1; }));
  EXPECT_EQ(other.get(kPolling).status, 200);
}

TEST_F(LimitsServerTest, connections_that_rest_make_room_and_those_that_wait_for_an_answer_do_not) {
  config_.max_connections = 3;
  config_.idle_grace = 0ms;
  start();
  auto waiting = connect();
  const auto sid = open_polling(waiting);
  waiting.request("GET", polling(sid));
  auto silent = connect();
  auto dripping = connect();
  dripping.send("GET / HT");
  auto client = connect();
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(dripping.read_to_end(), "");
  EXPECT_EQ(client.post(polling(sid), "4x").body, "ok");
  EXPECT_EQ(waiting.response().body, "41");
}

TEST_F(LimitsServerTest, refuses_strangers_over_their_own_limit_and_nobody_who_is_known) {
  config_.max_unauthenticated = 2;
  start();
  auto known = open_websocket();
  introduce(known);
  auto first = open_websocket();
  auto poller = connect();
  open_polling(poller);
  EXPECT_EQ(server_->gauges().unauthenticated, 2);
  EXPECT_EQ(connect().get(kPolling).status, 503);
  const auto response = connect().upgrade(kWebSocket);
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.header("retry-after").empty());
  EXPECT_EQ(refused(Refusal::unauthenticated), 2);
  introduce(first);
  auto next = open_websocket();
  EXPECT_EQ(server_->gauges().unauthenticated, 2);
  next.close();
  EXPECT_TRUE(comes_true([this] { return server_->gauges().unauthenticated == 1; }));
  known.send_text("4x");
  EXPECT_EQ(known.read_text(), "41");
}

TEST_F(LimitsServerTest, the_stranger_that_has_waited_longest_makes_room) {
  config_.max_unauthenticated = 2;
  config_.auth_grace = 0ms;
  start();
  auto oldest = open_websocket();
  auto poller = connect();
  const auto sid = open_polling(poller);
  auto third = open_websocket();
  EXPECT_EQ(oldest.read_frame().close_code(), 1013);
  auto fourth = open_websocket();
  EXPECT_EQ(poller.get(polling(sid)).status, 400);
  EXPECT_EQ(server_->gauges().unauthenticated, 2);
  introduce(third);
  introduce(fourth);
  EXPECT_EQ(server_->gauges().endings[static_cast<std::size_t>(Ending::overloaded)], 2);
}

TEST_F(LimitsServerTest, strangers_may_send_small_messages_only) {
  start();
  const std::string large(limits::kMaxUnauthenticatedPayload + 1, 'x');
  const std::string fits(limits::kMaxUnauthenticatedPayload - 1, 'x');
  auto client = open_websocket();
  client.send_text("4" + fits);
  EXPECT_EQ(client.read_text(), "416383");
  client.send(RawClient::frame(0x01, "4" + fits.substr(1)));
  client.send(RawClient::frame(0x80, "xy"));
  EXPECT_EQ(client.read_frame().close_code(), 1009);
  auto known = open_websocket();
  introduce(known);
  known.send_text("4" + large);
  EXPECT_EQ(known.read_text(), "416385");
}

TEST_F(LimitsServerTest, strangers_may_post_small_bodies_of_known_size_only) {
  start();
  auto poller = connect();
  const auto sid = open_polling(poller);
  const auto post = [&](const std::string& length) {
    auto client = connect();
    client.send(post_head(sid, length));
    return client.response().status;
  };
  EXPECT_EQ(post("Content-Length: 16385"), 413);
  EXPECT_EQ(post("Transfer-Encoding: chunked"), 411);
  auto client = connect();
  EXPECT_EQ(client.post(polling(sid), "4it is me").body, "ok");
  EXPECT_EQ(client.post(polling(sid), "4" + std::string(20'000, 'x')).body, "ok");
  client.send(post_head(sid, "Transfer-Encoding: chunked") + "2\r\n4x\r\n0\r\n\r\n");
  EXPECT_EQ(client.response().body, "ok");
  EXPECT_EQ(poller.get(polling(sid)).body,
            "48\x1e"
            "420000\x1e"
            "41");
}

TEST_F(LimitsServerTest, few_closed_sessions_wait_for_a_last_poll) {
  config_.max_lingering = 1;
  start();
  std::vector<std::string> sids;
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    sids.push_back(open_polling(client));
    client.post(polling(sids.back()), "4close");
  }
  EXPECT_EQ(server_->gauges().lingering, 1);
  EXPECT_EQ(client.get(polling(sids[0])).body, "1");
  EXPECT_EQ(client.get(polling(sids[1])).status, 400);
  EXPECT_EQ(server_->gauges().lingering, 0);
}

TEST_F(LimitsServerTest, a_stranger_whose_time_is_over_does_not_wait_for_a_last_poll) {
  start();
  auto client = connect();
  const auto sid = open_polling(client);
  client.post(polling(sid), "4timeout");
  EXPECT_EQ(server_->gauges().lingering, 0);
  EXPECT_EQ(client.get(polling(sid)).status, 400);
}

TEST_F(LimitsServerTest, closes_those_who_hold_much_when_unfinished_messages_fill_the_memory) {
  config_.max_receive_bytes = 150'000;
  start();
  const auto half = RawClient::frame(0x01, "4" + std::string(99'999, 'x'));
  auto first = open_websocket();
  introduce(first);
  first.send(half);
  EXPECT_TRUE(comes_true([this] { return server_->gauges().receive_bytes == 100'000; }));
  auto second = open_websocket();
  introduce(second);
  second.send(half);
  EXPECT_EQ(second.read_frame().close_code(), 1013);
  second.close();
  EXPECT_TRUE(comes_true([this] { return server_->gauges().receive_bytes == 100'000; }));

  auto poller = connect();
  const auto sid = open_polling(poller);
  EXPECT_EQ(poller.post(polling(sid), "4it is me").body, "ok");
  auto poster = connect();
  poster.send(post_head(sid, "Content-Length: 900000") + std::string(200'000, 'x'));
  EXPECT_EQ(poster.response().status, 503);
  EXPECT_EQ(poller.post(polling(sid), "4small").body, "ok");

  first.send(RawClient::frame(0x80, "end"));
  EXPECT_EQ(first.read_text(), "4100002");
  EXPECT_TRUE(comes_true([this] { return server_->gauges().receive_bytes == 0; }));
}

TEST_F(LimitsServerTest, closes_readers_that_hold_much_when_unsent_bytes_fill_the_memory) {
  config_.max_send_bytes = 350'000;
  start();
  const auto open_poller = [this] {
    auto poller = connect();
    const auto sid = open_polling(poller);
    EXPECT_EQ(connect().post(polling(sid), "4flood").body, "ok");
    return sid;
  };
  open_poller();
  // Whoever fills the memory may be answered before somebody is closed for it.
  EXPECT_TRUE(comes_true([this] { return !closed_.lines().empty(); }));
  EXPECT_EQ(closed_.lines(), std::vector<std::string>{"forced close"});
  EXPECT_EQ(server_->gauges().endings[static_cast<std::size_t>(Ending::too_slow)], 1);
  EXPECT_TRUE(comes_true([this] { return server_->gauges().send_bytes == 0; }));
}

TEST_F(LimitsServerTest, a_body_may_take_longer_the_more_of_it_has_come) {
  config_.http_read_timeout = 200ms;
  start();
  auto poller = connect();
  const auto sid = open_polling(poller);
  auto poster = connect();
  poster.send(post_head(sid, "Content-Length: 8193") + '4' + std::string(8190, 'x'));
  std::this_thread::sleep_for(400ms);  // A slow line, not a wait for something.
  poster.send("yz");
  EXPECT_EQ(poster.response().body, "ok");
}

TEST_F(LimitsServerTest, accepts_again_when_there_are_descriptors_again) {
  // UBSan looks at a type through a pipe when it meets it first, so the server's logger has to be known by then; and
  // before the server's thread is there, because TSan does not see how the library makes it.
  spdlog::warn("descriptors run out: {}", "that is the test");
  start();
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  auto client = connect();  // Its descriptor is there; what is refused is the server's.
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(refused(Refusal::descriptors), 0);
  RawClient late(RawClient::Unconnected{});
  auto scarce = usual;
  scarce.rlim_cur = static_cast<rlim_t>(late.descriptor()) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &scarce), 0);
  late.connect(server_->port());
  EXPECT_TRUE(comes_true([this] { return refused(Refusal::descriptors) >= 2; }));
  EXPECT_EQ(client.get("/").status, 200);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_EQ(late.get("/").status, 200);
}

TEST_F(LimitsServerTest, gauges_are_zero_when_everybody_has_gone) {
  start(2);
  {
    std::vector<RawClient> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(open_websocket());
      clients.back().send(RawClient::frame(0x01, "4half"));
      clients.push_back(connect());
      const auto sid = open_polling(clients.back());
      clients.back().send(post_head(sid, "Content-Length: 5") + "4a");
      clients.push_back(connect());
      clients.back().send("GET / HT");
    }
    EXPECT_TRUE(comes_true([this] { return server_->gauges().receive_bytes >= 8 * (5 + 2 + 8); }));
    EXPECT_EQ(server_->gauges().unauthenticated, 16);
  }
  EXPECT_TRUE(comes_true([this] {
    const auto gauges = server_->gauges();
    return gauges.connections == 0 && gauges.sessions == 0 && gauges.unauthenticated == 0 &&
           gauges.lingering == 0 && gauges.upgrades == 0 && gauges.send_bytes == 0 &&
           gauges.receive_bytes == 0;
  }));
}

TEST_F(LimitsServerTest, bounds_the_connections_of_an_address_only_where_asked_to) {
  config_.max_connections_per_address = 1;
  start();
  auto first = connect();
  EXPECT_EQ(first.get("/").status, 200);
  EXPECT_EQ(connect().get("/").status, 503);
  EXPECT_EQ(refused(Refusal::address), 1);
  EXPECT_EQ(RawClient(server_->port(), "127.0.0.2").get("/").status, 200);
  first.close();
  EXPECT_TRUE(comes_true([this] { return connect().get("/").status == 200; }));
}

TEST(Neighbours, counts_ipv6_clients_by_their_network_and_forgets_those_that_are_gone) {
  using boost::asio::ip::make_address;
  Neighbours neighbours;
  const auto here = neighbours.of(make_address("2001:db8:1:2::1"));
  EXPECT_EQ(neighbours.of(make_address("2001:db8:1:2:ffff::9")), here);
  EXPECT_NE(neighbours.of(make_address("2001:db8:1:3::1")), here);
  EXPECT_NE(neighbours.of(make_address("10.0.0.1")), neighbours.of(make_address("10.0.0.2")));
  for (int i = 0; i < 100'000; ++i) {
    const auto low = static_cast<std::uint32_t>(i);
    neighbours.of(boost::asio::ip::address_v4(0x0a000000U + low));
  }
  EXPECT_LT(neighbours.size(), 2'000U);
}

}  // namespace
}  // namespace hawser::net
