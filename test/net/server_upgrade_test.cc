#include <future>
#include <string>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::RawClient;

/// The session lives on core 0; with two loops the WebSocket arrives on core 1 and has to move.
class UpgradeServerTest : public ServerTest {
 protected:
  RawClient at_home() { return connect_to_core(0); }
  RawClient elsewhere() { return connect_to_core(GetParam() - 1); }

  void upgrade(RawClient& client, const std::string& sid) {
    ASSERT_EQ(client.upgrade(websocket(sid)).status, 101);
    client.send_text("2probe");
    ASSERT_EQ(client.read_text(), "3probe");
    client.send_text("5");
  }
};

INSTANTIATE_TEST_SUITE_P(Loops, UpgradeServerTest, testing::Values(1, 2),
                         [](const auto& loops) { return std::to_string(loops.param); });

TEST_P(UpgradeServerTest, moves_the_session_to_the_websocket) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  home.request("GET", polling(sid));
  auto client = elsewhere();
  upgrade(client, sid);
  EXPECT_EQ(home.response().body, "6");
  client.send_text("4hello");
  EXPECT_EQ(client.read_text(), "4hello");
  EXPECT_EQ(home.get(polling(sid)).body, R"({"code":3,"message":"Bad request"})");
  EXPECT_EQ(home.post(polling(sid), "4x").body, R"({"code":3,"message":"Bad request"})");
  client.send_text("4still here");
  EXPECT_EQ(client.read_text(), "4still here");
  client.close();
  ASSERT_TRUE(closed_.wait_for(1));
  EXPECT_EQ(home.get(polling(sid)).body, R"({"code":1,"message":"Session ID unknown"})");
}

TEST_P(UpgradeServerTest, loses_and_reorders_nothing_while_it_upgrades) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  std::string received;
  EXPECT_EQ(home.post(polling(sid),
                      "4a\x1e"
                      "4b")
                .body,
            "ok");
  auto client = elsewhere();
  ASSERT_EQ(client.upgrade(websocket(sid)).status, 101);
  EXPECT_EQ(home.post(polling(sid), "4c").body, "ok");
  EXPECT_EQ(poll_message(home, sid),
            "4a\x1e"
            "4b\x1e"
            "4c");
  client.send_text("2probe");
  EXPECT_EQ(client.read_text(), "3probe");
  EXPECT_EQ(home.post(polling(sid),
                      "4d\x1e"
                      "4e")
                .body,
            "ok");
  // The next frame right behind the upgrade packet.
  client.send(RawClient::frame(0x81, "5") + RawClient::frame(0x81, "4f") + RawClient::frame(0x82, "g"));
  EXPECT_EQ(client.read_text(), "4d");
  EXPECT_EQ(client.read_text(), "4e");
  EXPECT_EQ(client.read_text(), "4f");
  EXPECT_EQ(client.read_frame().payload, "g");
}

TEST_F(ServerTest, sees_the_end_of_an_upgrade_before_a_poll_that_came_after_it_on_another_core) {
  start(2);
  auto home = connect_to_core(0);
  auto other = connect_to_core(1);
  auto witness = connect_to_core(1);
  const auto sid = open_polling(home);
  auto socket = connect_to_core(0);
  ASSERT_EQ(socket.upgrade(websocket(sid)).status, 101);
  socket.send_text("2probe");
  ASSERT_EQ(socket.read_text(), "3probe");
  std::promise<void> stopped, go;
  loops_[0]->post([&] {
    stopped.set_value();
    go.get_future().wait();
  });
  stopped.get_future().wait();
  socket.send_text("5");
  other.request("GET", polling(sid));
  EXPECT_EQ(witness.get("/").status, 200);  // By now the poll is on its way to the other core.
  go.set_value();
  EXPECT_EQ(other.response().body, R"({"code":3,"message":"Bad request"})");
  socket.send_text("4alive");
  EXPECT_EQ(socket.read_text(), "4alive");
}

TEST_P(UpgradeServerTest, closes_another_websocket_of_the_session_at_once) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  auto client = elsewhere();
  ASSERT_EQ(client.upgrade(websocket(sid)).status, 101);
  client.send_text("2probe");
  ASSERT_EQ(client.read_text(), "3probe");
  const auto expect_refused = [&] {
    auto other = elsewhere();
    EXPECT_EQ(other.upgrade(websocket(sid)).status, 101);
    EXPECT_EQ(other.read_frame().opcode, 8);
  };
  expect_refused();
  client.send_text("5");
  client.send_text("4a");
  EXPECT_EQ(client.read_text(), "4a");
  expect_refused();
  client.send_text("4b");
  EXPECT_EQ(client.read_text(), "4b");
}

TEST_P(UpgradeServerTest, goes_on_polling_when_the_websocket_dies_at_any_byte_of_the_upgrade) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  const auto conversation = RawClient::upgrade_request(websocket(sid)) + RawClient::frame(0x81, "2probe") +
                            RawClient::frame(0x81, "5");
  std::vector<RawClient> clients;
  for (std::size_t cut = 1; cut < conversation.size(); cut += cut + 40 < conversation.size() ? 7 : 1) {
    auto client = connect();
    client.send(std::string_view(conversation).substr(0, cut));
    client.shut_down_sending();
    client.read_to_end();  // The server has seen the end.
    const auto text = "4" + std::to_string(cut);
    EXPECT_EQ(home.post(polling(sid), text).body, "ok") << cut;
    EXPECT_EQ(poll_message(home, sid), text) << cut;
  }
  auto client = elsewhere();
  upgrade(client, sid);
  client.send_text("4done");
  EXPECT_EQ(client.read_text(), "4done");
}

TEST_P(UpgradeServerTest, drops_an_upgrade_that_is_not_finished) {
  config_.upgrade_timeout = 50ms;
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  auto client = elsewhere();
  ASSERT_EQ(client.upgrade(websocket(sid)).status, 101);
  EXPECT_EQ(client.read_frame().opcode, 8);
  EXPECT_EQ(home.post(polling(sid), "4a").body, "ok");
  EXPECT_EQ(poll_message(home, sid), "4a");
}

TEST_P(UpgradeServerTest, refuses_another_protocol_version_without_harm) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  for (const auto* version : {"EIO=3", "EIO=5", "EIO=4x", "x=y"}) {
    auto client = elsewhere();
    const auto response =
        client.upgrade(std::string("/socket.io/?transport=websocket&sid=") + sid + '&' + version);
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, "Unsupported protocol version");
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(home.post(polling(sid), "4a").body, "ok");
  EXPECT_EQ(poll_message(home, sid), "4a");
}

TEST_P(UpgradeServerTest, survives_resets_on_upgrades) {
  start(GetParam());
  auto home = at_home();
  const auto sid = open_polling(home);
  for (int i = 0; i < 50; ++i) {
    auto client = connect();
    client.send(RawClient::upgrade_request(i % 2 == 0 ? websocket(sid) : websocket("unknown")));
    client.reset();
  }
  EXPECT_EQ(home.post(polling(sid), "4a").body, "ok");
  EXPECT_EQ(poll_message(home, sid), "4a");
}

}  // namespace
}  // namespace hawser::net
