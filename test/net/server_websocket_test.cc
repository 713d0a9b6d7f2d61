#include <string>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

class WebSocketServerTest : public ServerTest {
 protected:
  RawClient open() {
    auto client = connect();
    EXPECT_EQ(client.upgrade(kWebSocket).status, 101);
    EXPECT_TRUE(client.read_text().starts_with("0{\"sid\":"));
    return client;
  }
  void expect_closed(RawClient& client, std::uint16_t code) {
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8);
    EXPECT_EQ(frame.close_code(), code);
    EXPECT_EQ(client.read_to_end(), "");
  }
};

TEST_F(WebSocketServerTest, opens_a_session_and_echoes_text_and_bytes) {
  start();
  auto client = connect();
  const auto response = client.upgrade(kWebSocket, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_EQ(response.status, 101);
  EXPECT_EQ(response.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(response.header("sec-websocket-extensions"), "");
  const auto open = client.read_text();
  EXPECT_EQ(open, "0{\"sid\":\"" + sid_in(open) +
                      R"(","upgrades":[],"pingInterval":25000,"pingTimeout":60000,"maxPayload":1000000})");
  client.send_text("4hello");
  EXPECT_EQ(client.read_text(), "4hello");
  client.send_binary(std::string("\0\xff", 2));
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.opcode, 2);
  EXPECT_EQ(frame.payload, std::string("\0\xff", 2));
  const std::string large(900'000, 'x');
  client.send_text("4" + large);
  EXPECT_EQ(client.read_text(), "4" + large);
}

TEST_F(WebSocketServerTest, reads_frames_that_come_with_the_upgrade_request_and_byte_by_byte) {
  start();
  auto client = connect();
  client.send(RawClient::upgrade_request(kWebSocket) + RawClient::frame(0x81, "4early"));
  EXPECT_EQ(client.response().status, 101);
  client.read_text();
  EXPECT_EQ(client.read_text(), "4early");
  for (const char c :
       RawClient::frame(0x01, "4fra") + RawClient::frame(0x89, "p") + RawClient::frame(0x80, "gment")) {
    client.send(std::string(1, c));
  }
  EXPECT_EQ(client.read_frame().payload, "p");
  EXPECT_EQ(client.read_text(), "4fragment");
}

TEST_F(WebSocketServerTest, passes_token_and_address_to_the_application) {
  std::string seen;
  make_handler_ = [this, &seen](Loop&, Channel& channel, const HandshakeInfo& info) {
    seen = std::string(info.query_token) + ' ' + std::string(info.remote_address);
    channel.send(share("welcome"), false);
    return std::make_unique<EchoHandler>(channel, closed_);
  };
  start();
  auto client = connect();
  client.upgrade(std::string(kWebSocket) + "&token=a%2Eb");
  client.read_text();
  EXPECT_EQ(client.read_text(), "4welcome");
  EXPECT_EQ(seen, "a.b 127.0.0.1");
}

TEST_F(WebSocketServerTest, closes_with_the_code_of_the_fault) {
  start();
  const std::pair<std::string, std::uint16_t> table[] = {
      {std::string("\x81\x02"
                   "4a"),
       1002},                                   // unmasked
      {RawClient::frame(0xc1, "4a"), 1002},     // RSV1 without an extension
      {RawClient::frame(0x83, "4a"), 1002},     // reserved opcode
      {RawClient::frame(0x81, "4\xff"), 1007},  // not UTF-8
      {std::string("\x81\xff\0\0\0\0\0\x0f\x42\x41"
                   "mask",
                   14),
       1009},                               // one byte over the limit, header only
      {RawClient::frame(0x81, "x"), 1002},  // no Engine.IO packet
      {RawClient::frame(0x81, "2"), 1002},  // heartbeat of the wrong side
  };
  std::size_t count = 0;
  for (const auto& [bytes, code] : table) {
    auto client = open();
    client.send(bytes);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.opcode, 8) << testing::PrintToString(bytes);
    EXPECT_EQ(frame.close_code(), code) << testing::PrintToString(bytes);
    ASSERT_TRUE(closed_.wait_for(++count));
    client.close();
  }
  EXPECT_EQ(closed_.lines(), (std::vector<std::string>{"transport error", "transport error",
                                                       "transport error", "transport error",
                                                       "transport error", "parse error", "transport error"}));
}

TEST_F(WebSocketServerTest, ends_a_message_that_is_not_finished_in_time) {
  config_.message_timeout = 100ms;
  start();
  const std::string beginnings[] = {
      RawClient::frame(0x01, "4a"),                                // a fragment
      RawClient::frame(0x01, "4a") + RawClient::frame(0x89, "x"),  // with a ping behind it
      RawClient::frame(0x81, "4abc").substr(0, 8),                 // a part of a frame
      std::string(1, '\x81'),                                      // of its header
  };
  std::size_t count = 0;
  for (const auto& bytes : beginnings) {
    auto client = open();
    client.send_text("4whole");
    EXPECT_EQ(client.read_text(), "4whole");
    client.send(bytes);
    auto frame = client.read_frame();
    if (frame.opcode == 10) frame = client.read_frame();
    EXPECT_EQ(frame.close_code(), 1008) << testing::PrintToString(bytes);
    ASSERT_TRUE(closed_.wait_for(++count));
    EXPECT_EQ(closed_.lines().back(), "transport error");
  }
}

TEST_F(WebSocketServerTest, answers_a_close_frame_with_its_code_and_ends) {
  start();
  auto client = open();
  client.send(RawClient::frame(0x88, "\x0f\xa0 reason"));
  expect_closed(client, 4000);
  auto other = open();
  other.send(RawClient::frame(0x88, ""));
  expect_closed(other, 1000);
  ASSERT_TRUE(closed_.wait_for(2));
  EXPECT_EQ(closed_.lines(), (std::vector<std::string>{"transport close", "transport close"}));
}

TEST_F(WebSocketServerTest, tells_the_application_of_every_way_to_leave_exactly_once) {
  start();
  open().close();
  ASSERT_TRUE(closed_.wait_for(1));
  open().reset();
  ASSERT_TRUE(closed_.wait_for(2));
  auto client = open();
  client.send(RawClient::frame(0x81, "1") + RawClient::frame(0x88, "\x03\xe8"));
  expect_closed(client, 1000);
  ASSERT_TRUE(closed_.wait_for(3));
  EXPECT_EQ(closed_.lines()[0], "transport close");
  EXPECT_TRUE(closed_.lines()[1].starts_with("transport ")) << closed_.lines()[1];
  EXPECT_EQ(closed_.lines()[2], "transport close");
  shut_down();
  EXPECT_EQ(closed_.lines().size(), 3U);
}

TEST_F(WebSocketServerTest, closes_for_the_application_after_what_it_sent) {
  start();
  const std::pair<CloseReason, std::uint16_t> table[] = {
      {CloseReason::going_away, 1001},      {CloseReason::protocol_error, 1002},
      {CloseReason::unsupported, 1003},     {CloseReason::overloaded, 1013},
      {CloseReason::connect_timeout, 1008}, {CloseReason::final_disconnect, 1000},
  };
  std::size_t count = 0;
  for (const auto& [reason, code] : table) {
    auto client = open();
    client.send(RawClient::frame(0x81, "4last") +
                RawClient::frame(0x81, "4close:" + std::to_string(static_cast<int>(reason))) +
                RawClient::frame(0x81, "4ignored"));
    EXPECT_EQ(client.read_text(), "4last");
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.close_code(), code);
    EXPECT_GT(frame.payload.size(), 2U) << "a reason";
    client.send(RawClient::frame(0x88, "\x03\xe8"));
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_TRUE(closed_.wait_for(++count));
  }
}

TEST_F(WebSocketServerTest, pings_and_closes_a_mute_client) {
  config_.ping_interval = 50ms;
  config_.ping_timeout = 50ms;
  start();
  auto client = open();
  EXPECT_EQ(client.read_text(), "2");
  client.send_text("3");
  EXPECT_EQ(client.read_text(), "2");
  EXPECT_EQ(client.read_frame().opcode, 8);
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(closed_.lines().front(), "ping timeout");
}

TEST_F(WebSocketServerTest, refuses_upgrades_with_the_bare_message) {
  start();
  const std::pair<std::string, std::string> table[] = {
      {"/socket.io/?EIO=4&transport=polling", "Bad request"},
      {"/socket.io/?EIO=4&transport=x", "Transport unknown"},
      {"/socket.io/?EIO=3&transport=websocket", "Unsupported protocol version"},
      {"/socket.io/?EIO=4&transport=websocket&sid=unknown", "Session ID unknown"},
      {"/socket.io/?EIO=4&transport=websocket&sid=" + std::string(20, 'A'), "Session ID unknown"},
      {"/socket.io/?EIO=4&transport=websocket&sid=" + std::string(20, '_'), "Session ID unknown"},
  };
  for (const auto& [target, message] : table) {
    auto client = connect();
    const auto response = client.upgrade(target);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, message) << target;
    EXPECT_EQ(response.header("content-type"), "text/html");
    EXPECT_EQ(response.header("connection"), "close");
  }
  auto client = connect();
  client.send(
      "GET " + std::string(kWebSocket) +
      " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  const auto response = client.response();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.header("sec-websocket-version"), "13");
}

TEST_F(WebSocketServerTest, refuses_an_upgrade_with_a_body) {
  start();
  auto client = connect();
  client.send(RawClient::upgrade_request(kWebSocket, "Content-Length: 5\r\n") + "GET /");
  EXPECT_EQ(client.response().status, 400);
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace hawser::net
