#include <string>

#include "net/deflate.h"
#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

constexpr const char* kOffer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
constexpr const char* kAnswer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// An echo that knows its peer once the peer has said "login", or from the start by the token "good".
class LoginHandler final : public ChannelHandler {
 public:
  LoginHandler(Channel& channel, Journal& closed, const HandshakeInfo& info)
      : echo_(channel, closed), known_(info.query_token == "good") {
    channel.send(share("welcome"));
  }
  void on_message(std::string_view message, bool binary) override {
    known_ = known_ || message == "login";
    echo_.on_message(message, binary);
  }
  bool is_authenticated() const override { return known_; }
  void on_writable() override { echo_.on_writable(); }
  void on_closed(std::string_view reason) override { echo_.on_closed(reason); }

 private:
  EchoHandler echo_;
  bool known_;
};

/// The session lives on core 0; with two loops its WebSocket arrives on core 1 and has to move.
class DeflateServerTest : public ServerTest {
 protected:
  DeflateServerTest() {
    config_.permessage_deflate = true;
    make_handler_ = [this](Loop&, Channel& channel, const HandshakeInfo& info) {
      return std::make_unique<LoginHandler>(channel, closed_, info);
    };
  }
  static std::string extensions(RawClient& client, const std::string& target) {
    const auto response = client.upgrade(target, kOffer);
    EXPECT_EQ(response.status, 101);
    return response.header("sec-websocket-extensions");
  }
  RawClient open_compressed() {
    auto client = connect();
    EXPECT_EQ(extensions(client, std::string(kWebSocket) + "&token=good"), kAnswer);
    EXPECT_TRUE(client.read_text().starts_with("0{"));
    EXPECT_EQ(client.read_text(), "4welcome");
    return client;
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, DeflateServerTest, testing::Values(1, 2),
                         [](const auto& loops) { return std::to_string(loops.param); });

TEST_P(DeflateServerTest, compression_is_declined_unless_configured) {
  config_.permessage_deflate = false;
  start(GetParam());
  auto client = connect();
  EXPECT_EQ(extensions(client, std::string(kWebSocket) + "&token=good"), "");
}

TEST_P(DeflateServerTest, a_new_websocket_gets_it_only_with_a_good_token) {
  start(GetParam());
  for (const auto* token : {"", "&token=bad"}) {
    auto client = connect();
    EXPECT_EQ(extensions(client, kWebSocket + std::string(token)), "") << token;
    EXPECT_TRUE(client.read_text().starts_with("0{"));
    EXPECT_EQ(client.read_text(), "4welcome");
    client.send_text("4login");
    EXPECT_EQ(client.read_text(), "4login");
    client.send(RawClient::frame(0xc1, "4x"));
    EXPECT_EQ(client.read_frame().close_code(), 1002) << "what was not negotiated stays forbidden";
  }
  open_compressed();
}

TEST_P(DeflateServerTest, an_upgrade_gets_it_once_the_session_is_authenticated) {
  start(GetParam());
  for (const bool logs_in : {false, true}) {
    auto home = connect_to_core(0);
    const auto sid = open_polling(home);
    if (logs_in) {
      EXPECT_EQ(home.post(polling(sid), "4login").body, "ok");
    }
    auto client = connect_to_core(GetParam() - 1);
    EXPECT_EQ(extensions(client, websocket(sid)), logs_in ? kAnswer : "");
    client.send_text("2probe");
    EXPECT_EQ(client.read_text(), "3probe");
    client.send_text("5");
    EXPECT_EQ(client.read_text(), "4welcome");
    if (logs_in) {
      EXPECT_EQ(client.read_text(), "4login");
    }
    const auto message = "4" + std::string(5'000, 'x');
    client.send_text(message);
    const auto frame = client.read_frame();
    EXPECT_EQ(frame.compressed, logs_in);
    if (!logs_in) {
      EXPECT_EQ(frame.payload, message);
    }
  }
}

TEST_P(DeflateServerTest, large_messages_are_compressed_both_ways_and_small_ones_are_not) {
  start(GetParam());
  auto client = open_compressed();
  Deflater deflater(15);
  Inflater inflater;
  const std::string large(20'000, 'x');
  client.send(RawClient::frame(0xc1, *deflater.deflate("4", large)));
  auto frame = client.read_frame();
  EXPECT_TRUE(frame.compressed);
  EXPECT_EQ(frame.opcode, 1);
  EXPECT_LT(frame.payload.size(), 200U);
  EXPECT_EQ(inflater.inflate(frame.payload, 100'000).data, "4" + large);
  client.send(RawClient::frame(0xc2, *deflater.deflate("", large)));
  frame = client.read_frame();
  EXPECT_TRUE(frame.compressed);
  EXPECT_EQ(frame.opcode, 2);
  EXPECT_EQ(inflater.inflate(frame.payload, 100'000).data, large);
  client.send_text("4small");
  frame = client.read_frame();
  EXPECT_FALSE(frame.compressed);
  EXPECT_EQ(frame.payload, "4small");
}

TEST_P(DeflateServerTest, faults_of_compressed_messages_close_with_their_codes) {
  start(GetParam());
  Deflater deflater(15);
  const auto bomb = *deflater.deflate("4", std::string(config_.max_payload, '\0'));
  const std::pair<std::string, std::uint16_t> table[] = {
      {RawClient::frame(0xc1, bomb), 1009},
      {RawClient::frame(0x41, bomb.substr(0, 100)) + RawClient::frame(0x80, bomb.substr(100)), 1009},
      {RawClient::frame(0xc1, "\xff\xff"), 1007},
      {RawClient::frame(0xc1, *deflater.deflate("4", std::string(2'000, '\xff'))), 1007},
      {RawClient::frame(0x41, bomb) + RawClient::frame(0xc0, ""), 1002},
      {RawClient::frame(0xc9, ""), 1002},
  };
  for (const auto& [bytes, code] : table) {
    auto client = open_compressed();
    client.send(bytes);
    EXPECT_EQ(client.read_frame().close_code(), code);
  }
}

}  // namespace
}  // namespace hawser::net
