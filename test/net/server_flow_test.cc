#include <algorithm>
#include <atomic>
#include <string>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

constexpr std::size_t kChunk = 32 * 1024;

/// Sends `total` chunks as fast as the channel takes them, as a reader with a cursor does.
class PacedHandler final : public ChannelHandler {
 public:
  PacedHandler(Channel& channel, Journal& closed, std::size_t total, std::atomic<std::size_t>& peak)
      : channel_(channel), closed_(closed), left_(total), peak_(peak) {}

  void on_message(std::string_view, bool) override { pump(); }
  void on_writable() override {
    EXPECT_LE(channel_.buffered_bytes(), limits::kSendLowWater);
    pump();
  }
  void on_closed(std::string_view reason) override { closed_.add(std::string(reason)); }

 private:
  void pump() {
    while (left_ > 0 && channel_.buffered_bytes() <= limits::kSendHighWater) {
      channel_.send(share(std::string(kChunk, static_cast<char>('a' + left_-- % 26))), false);
      peak_ = std::max(peak_.load(), channel_.buffered_bytes());
    }
  }

  Channel& channel_;
  Journal& closed_;
  std::size_t left_;
  std::atomic<std::size_t>& peak_;
};

/// Sends without looking at the channel.
class FloodHandler final : public ChannelHandler {
 public:
  FloodHandler(Channel& channel, Journal& closed) : channel_(channel), closed_(closed) {}
  void on_message(std::string_view, bool) override {
    for (int i = 0; i < 2'000; ++i) channel_.send(share(std::string(kChunk, 'x')), false);
    EXPECT_LE(channel_.buffered_bytes(), limits::kSendHardLimit + kChunk);
  }
  void on_writable() override {}
  void on_closed(std::string_view reason) override { closed_.add(std::string(reason)); }

 private:
  Channel& channel_;
  Journal& closed_;
};

/// Sends as many volatile messages as a volatile sender may, then one that says how many those were.
class VolatileHandler final : public ChannelHandler {
 public:
  explicit VolatileHandler(Channel& channel) : channel_(channel) {}
  void on_message(std::string_view, bool) override {
    int sent = 0;
    for (; channel_.is_writable() && sent < 10; ++sent) channel_.send(share("v"), false);
    channel_.send(share(std::to_string(sent)), false);
  }
  void on_writable() override {}
  void on_closed(std::string_view) override {}

 private:
  Channel& channel_;
};

class FlowServerTest : public ServerTest {
 protected:
  void pace(std::size_t total) {
    make_handler_ = [this, total](Loop&, Channel& channel, const HandshakeInfo&) {
      return std::make_unique<PacedHandler>(channel, closed_, total, peak_);
    };
  }
  void flood() {
    make_handler_ = [this](Loop&, Channel& channel, const HandshakeInfo&) {
      return std::make_unique<FloodHandler>(channel, closed_);
    };
  }
  std::atomic<std::size_t> peak_{0};
};

TEST_F(FlowServerTest, is_writable_until_something_waits_to_be_sent) {
  make_handler_ = [](Loop&, Channel& channel, const HandshakeInfo&) {
    return std::make_unique<VolatileHandler>(channel);
  };
  start();
  auto socket = connect();
  socket.upgrade(kWebSocket);
  socket.read_text();
  socket.send_text("4go");
  EXPECT_EQ(socket.read_text(), "4v");
  EXPECT_EQ(socket.read_text(), "41");

  auto poller = connect();
  auto poster = connect();
  const auto sid = open_polling(poller);
  EXPECT_EQ(poster.post(polling(sid), "4go").body, "ok");
  EXPECT_EQ(poller.get(polling(sid)).body, "40") << "no poll was waiting";
  poller.request("GET", polling(sid));
  EXPECT_EQ(poster.get("/").status, 200);  // By now the server has read the poll as well.
  EXPECT_EQ(poster.post(polling(sid), "4go").body, "ok");
  EXPECT_EQ(poller.response().body,
            "4v\x1e"
            "41");
}

TEST_F(FlowServerTest, wakes_a_paced_sender_until_a_slow_reader_has_everything) {
  constexpr std::size_t kTotal = 1000;
  pace(kTotal);
  start();
  auto client = connect(8 * 1024);
  client.upgrade(kWebSocket);
  client.read_text();
  client.send_text("4go");
  for (std::size_t left = kTotal; left > 0; --left) {
    const auto text = client.read_text();
    ASSERT_EQ(text.size(), kChunk + 1);
    ASSERT_EQ(text[1], static_cast<char>('a' + left % 26)) << left;
  }
  EXPECT_GT(peak_, limits::kSendHighWater / 2) << "the channel must tell what it holds at once";
  EXPECT_LE(peak_, limits::kSendHighWater + 2 * kChunk);
}

TEST_F(FlowServerTest, wakes_a_paced_sender_at_each_poll) {
  constexpr std::size_t kTotal = 100;
  pace(kTotal);
  start();
  auto client = connect();
  const auto sid = open_polling(client);
  client.post(polling(sid), "4go");
  std::size_t received = 0;
  while (received < kTotal * (kChunk + 1)) {
    const auto body = client.get(polling(sid)).body;
    received +=
        static_cast<std::size_t>(std::count_if(body.begin(), body.end(), [](char c) { return c != '\x1e'; }));
  }
  EXPECT_EQ(received, kTotal * (kChunk + 1));
  EXPECT_GT(peak_, limits::kSendHighWater / 2) << "the channel must tell what it holds at once";
  EXPECT_LE(peak_, limits::kSendHighWater + 2 * kChunk);
}

TEST_F(FlowServerTest, closes_a_reader_that_is_too_slow_on_websocket) {
  flood();
  start();
  auto client = connect(8 * 1024);
  client.upgrade(kWebSocket);
  client.read_text();
  client.send_text("4go");
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(closed_.lines().front(), "forced close");
  // What had begun to be sent is whole, then comes the close frame.
  auto frame = client.read_frame();
  while (frame.opcode == 1) {
    ASSERT_EQ(frame.payload.size(), kChunk + 1);
    frame = client.read_frame();
  }
  EXPECT_EQ(frame.close_code(), 1013);
}

TEST_F(FlowServerTest, closes_a_reader_that_is_too_slow_on_polling) {
  flood();
  start();
  auto client = connect();
  const auto sid = open_polling(client);
  EXPECT_EQ(client.post(polling(sid), "4go").body, "ok");
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(client.get(polling(sid)).body, "1");
}

TEST_F(FlowServerTest, drops_a_connection_that_takes_no_byte_for_too_long) {
  config_.write_stall_timeout = 100ms;
  pace(10'000);
  start();
  auto client = connect(8 * 1024);
  client.upgrade(kWebSocket);
  client.read_text();
  client.send_text("4go");
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(closed_.lines().front(), "transport error");
}

TEST_F(FlowServerTest, drops_a_peer_that_pings_and_never_reads) {
  config_.write_stall_timeout = 100ms;
  start();
  auto client = connect(8 * 1024);
  client.upgrade(kWebSocket);
  client.read_text();
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += RawClient::frame(0x89, std::string(125, 'p'));
  while (client.try_send(pings)) {
    EXPECT_LE(server_->gauges().send_bytes, 40 * 127);
    if (!closed_.lines().empty()) break;
  }
  ASSERT_TRUE(closed_.wait_for(1));
}

TEST_F(FlowServerTest, answers_the_last_of_many_pings_and_serves_others_meanwhile) {
  start();
  auto pinging = connect(8 * 1024);
  pinging.upgrade(kWebSocket);
  pinging.read_text();
  auto other = connect();
  other.upgrade(kWebSocket);
  other.read_text();
  constexpr int kPings = 100'000;
  std::jthread flood([&pinging] {
    std::string pings = RawClient::frame(0x01, "4begin");
    for (int i = 0; i < kPings; ++i) pings += RawClient::frame(0x89, std::to_string(i));
    pinging.send(pings + RawClient::frame(0x80, "end"));
  });
  for (int i = 0; i < 100; ++i) {
    other.send_text("4are you there?");
    EXPECT_EQ(other.read_text(), "4are you there?");
  }
  int last = -1;
  int pongs = 0;
  while (last < kPings - 1) {
    const auto frame = pinging.read_frame();
    if (frame.opcode == 1) continue;
    EXPECT_EQ(frame.opcode, 10);
    if (frame.opcode != 10) break;
    EXPECT_LT(last, std::stoi(frame.payload)) << "in order";
    last = std::stoi(frame.payload);
    ++pongs;
  }
  EXPECT_EQ(last, kPings - 1);
  EXPECT_GE(pongs, 16);
  EXPECT_LT(pongs, kPings);
}

TEST_F(FlowServerTest, answers_every_ping_of_a_polite_peer) {
  start();
  auto client = connect();
  client.upgrade(kWebSocket);
  client.read_text();
  for (int round = 0; round < 10; ++round) {
    std::string pings;
    for (int i = 0; i < 10; ++i) pings += RawClient::frame(0x89, std::to_string(round * 10 + i));
    client.send(pings);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(client.read_frame().payload, std::to_string(round * 10 + i));
  }
}

TEST_F(FlowServerTest, refuses_new_sessions_and_serves_the_others) {
  start();
  auto client = connect();
  const auto sid = open_polling(client);
  server_->refuse_new_sessions();
  auto other = connect();
  const auto refused = other.get(kPolling);
  EXPECT_EQ(refused.status, 503);
  EXPECT_FALSE(refused.header("retry-after").empty());
  EXPECT_EQ(connect().upgrade(kWebSocket).status, 503);
  EXPECT_EQ(connect().get("/health").status, 200);
  EXPECT_EQ(client.post(polling(sid), "4a").body, "ok");
  auto socket = connect();
  EXPECT_EQ(socket.upgrade(websocket(sid)).status, 101);
}

TEST_F(FlowServerTest, stops_telling_every_client_and_every_handler_once) {
  start(2);
  auto socket = connect();
  socket.upgrade(kWebSocket);
  socket.read_text();
  auto polled = connect();
  const auto sid = open_polling(polled);
  auto poster = connect();
  polled.request("GET", polling(sid));
  poster.post(polling(sid), "4a");
  EXPECT_EQ(polled.response().body, "4a");
  polled.request("GET", polling(sid));
  const auto between = open_polling(poster);
  EXPECT_EQ(server_->gauges().sessions, 3U);
  EXPECT_EQ(server_->gauges().connections, 3U);
  std::thread stopping([this] {
    server_->stop(CloseReason::going_away, std::chrono::steady_clock::now() + 5s);
    EXPECT_EQ(server_->gauges().sessions, 0U);
    EXPECT_EQ(server_->gauges().connections, 0U);
  });
  EXPECT_EQ(socket.read_frame().close_code(), 1001);
  socket.send(RawClient::frame(0x88, "\x03\xe9"));
  EXPECT_EQ(socket.read_to_end(), "");
  EXPECT_EQ(polled.response().body, "1");
  EXPECT_EQ(polled.read_to_end(), "");
  EXPECT_EQ(poster.get(polling(between)).body, "1");
  EXPECT_EQ(poster.read_to_end(), "");
  stopping.join();
  EXPECT_EQ(closed_.lines(), (std::vector<std::string>(3, "server shutting down")));
}

TEST_F(FlowServerTest, stops_at_the_deadline_whatever_clients_do) {
  flood();
  start(2);
  std::vector<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(connect(8 * 1024));
    clients.back().upgrade(kWebSocket);
    clients.back().read_text();
    if (i % 2 == 0) clients.back().send_text("4go");
  }
  clients.push_back(connect());
  clients.back().send("GET / HT");
  const auto before = std::chrono::steady_clock::now();
  server_->stop(CloseReason::going_away, before + 200ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_EQ(server_->gauges().connections, 0U);
}

}  // namespace
}  // namespace hawser::net
