#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

using Connect = SessionFixture;

TEST_F(Connect, answers_with_a_sid_and_then_connected) {
  auto peer = open();
  const auto sent = ask(*peer, "0" + json::Object().add("token", token("ann")).str());
  EXPECT_THAT(
      sent,
      ElementsAre(
          MatchesRegex(R"(0\{"sid":"[A-Za-z0-9_-]{20}","pid":"[A-Za-z0-9_-]+"\})"),
          R"(2["connected",{"userId":"ann","timestamp":1700000000000,"serverVersion":"1.0.0"},"here.0"])"));
}

TEST_F(Connect, takes_the_token_of_the_query_where_auth_has_none) {
  auto peer = open(token("ann"));
  EXPECT_EQ(ask(*peer, "0").size(), 2U);
  auto other = open(token("ann"));
  EXPECT_EQ(ask(*other, R"(0{"token":""})").size(), 2U);
}

TEST_F(Connect, prefers_the_token_of_auth) {
  auto peer = open(token("ann"));
  EXPECT_THAT(ask(*peer, R"(0{"token":"wrong"})"), ElementsAre(R"(4{"message":"Authentication failed"})"));
}

TEST_F(Connect, a_peer_is_authenticated_by_connect_or_by_a_good_token_in_the_query) {
  auto peer = open();
  EXPECT_FALSE(peer->handler->is_authenticated());
  ask(*peer, R"(0{"token":"wrong"})");
  EXPECT_FALSE(peer->handler->is_authenticated());
  ask(*peer, "0" + json::Object().add("token", token("ann")).str());
  EXPECT_TRUE(peer->handler->is_authenticated());
  ask(*peer, "1");
  EXPECT_FALSE(peer->handler->is_authenticated());

  EXPECT_TRUE(open(token("ann"))->handler->is_authenticated());
  EXPECT_FALSE(open("nonsense")->handler->is_authenticated());
}

TEST_F(Connect, refuses_with_the_texts_of_the_original_and_lets_the_client_try_again) {
  auto peer = open();
  EXPECT_THAT(ask(*peer, "0"), ElementsAre(R"(4{"message":"Authentication token required"})"));
  EXPECT_THAT(ask(*peer, R"(0{"token":"x.y.z"})"), ElementsAre(R"(4{"message":"Authentication failed"})"));
  EXPECT_FALSE(peer->channel.closed);
  EXPECT_EQ(ask(*peer, "0" + json::Object().add("token", token("ann")).str()).size(), 2U);
}

TEST_F(Connect, knows_only_the_default_namespace) {
  auto peer = open();
  EXPECT_THAT(ask(*peer, "0/admin,"), ElementsAre(R"(4/admin,{"message":"Invalid namespace"})"));
}

TEST_F(Connect, must_happen_in_time) {
  auto peer = open();
  ask(*peer, "0");
  loop.advance(limits::kConnectTimeout - Millis(1));
  EXPECT_FALSE(peer->channel.closed);
  loop.advance(Millis(1));
  EXPECT_EQ(peer->channel.closed, CloseReason::connect_timeout);
}

TEST_F(Connect, once_connected_has_no_deadline) {
  auto peer = connect("ann");
  loop.advance(2 * limits::kConnectTimeout);
  EXPECT_FALSE(peer->channel.closed);
}

TEST_F(Connect, a_broken_packet_ends_the_connection) {
  auto peer = connect("ann");
  ask(*peer, "2{}");
  EXPECT_EQ(peer->channel.closed, CloseReason::protocol_error);
  EXPECT_THAT(ask(*peer, event("start:job", "{}", "1")), IsEmpty());
}

TEST_F(Connect, a_client_may_leave_and_come_again) {
  auto peer = connect("ann");
  ask(*peer, "1");
  driver.start("ann");
  EXPECT_THAT(settle(*peer), IsEmpty());
  EXPECT_EQ(ask(*peer, "0" + json::Object().add("token", token("ann")).str()).size(), 2U);
}

TEST_F(Connect, a_client_may_vanish_while_the_store_works_for_it) {
  const auto job = driver.start("ann");
  auto peer = connect("ann");
  pool.holding = true;
  peer->send(event("subscribe:job", quoted(job), "1"));
  peer->send(event("reconnect:sync", sync(job, 0)));
  peer->send(event("start:job", R"({"type":"test-job"})", "2"));
  auto asking = open(token("bob"));
  asking->send("0");
  peer->handler->on_closed("transport close");
  peer->handler.reset();
  asking->handler.reset();
  pool.release();
  loop.run();
  EXPECT_THAT(peer->take(), IsEmpty());
  EXPECT_EQ(core.sessions(), 0U);
  EXPECT_EQ(hub.followed_owners(), 0U);
}

TEST_F(Connect, shutdown_is_announced_to_connected_clients) {
  auto connected = connect("ann");
  auto waiting = open();
  core.announce_shutdown();
  EXPECT_THAT(connected->take(),
              ElementsAre(R"(2["server:shutdown",{"message":"Server restarting, please reconnect"}])"));
  EXPECT_THAT(waiting->take(), IsEmpty());
}

class TokenExpiry : public SessionFixture {
 protected:
  const std::string warning = R"(2["auth:expired",{"expiresAt":1700000060000}])";
};

TEST_F(TokenExpiry, warns_and_then_disconnects_for_good) {
  auto peer = connect("ann", Millis(60'000));
  loop.advance(Millis(29'999));
  EXPECT_THAT(peer->take(), IsEmpty());
  loop.advance(Millis(1));
  EXPECT_THAT(peer->take(), ElementsAre(warning));
  loop.advance(Millis(29'999));
  EXPECT_THAT(peer->take(), IsEmpty());
  loop.advance(Millis(1));
  EXPECT_THAT(peer->take(), ElementsAre(warning, "1"));
  EXPECT_EQ(peer->channel.closed, CloseReason::final_disconnect);
}

TEST_F(TokenExpiry, warns_at_once_when_little_time_is_left) {
  auto peer = open();
  const auto sent = ask(*peer, "0" + json::Object().add("token", token("ann", Millis(10'000))).str());
  ASSERT_EQ(sent.size(), 3U);
  EXPECT_EQ(sent[2], R"(2["auth:expired",{"expiresAt":1700000010000}])");
}

TEST_F(TokenExpiry, a_new_token_keeps_the_connection) {
  auto peer = connect("ann", Millis(60'000));
  loop.advance(Millis(40'000));
  peer->take();
  const auto fresh = json::Object().add("token", token("ann", Millis(60'000))).str();
  EXPECT_THAT(ask(*peer, event("auth:refresh", fresh, "5")), ElementsAre(R"(35[{"ok":true}])"));
  loop.advance(Millis(59'000));
  EXPECT_FALSE(peer->channel.closed);
  loop.advance(Millis(1'000));
  EXPECT_EQ(peer->channel.closed, CloseReason::final_disconnect);
}

TEST_F(TokenExpiry, a_token_of_another_user_or_a_bad_one_does_not_help) {
  auto peer = connect("ann", Millis(60'000));
  const auto foreign = json::Object().add("token", token("bob")).str();
  EXPECT_THAT(ask(*peer, event("auth:refresh", foreign, "5")),
              ElementsAre(R"(35[{"error":"The token belongs to another user.","code":"unauthorized"}])"));
  EXPECT_THAT(ask(*peer, event("auth:refresh", R"({"token":"x"})", "6")),
              ElementsAre(R"(36[{"error":"Authentication failed","code":"unauthorized"}])"));
  loop.advance(Millis(60'000));
  EXPECT_EQ(peer->channel.closed, CloseReason::final_disconnect);
}

TEST_F(TokenExpiry, one_far_away_does_not_overflow) {
  auto peer = connect("ann", Millis(4'000'000'000'000'000));
  loop.advance(std::chrono::hours(30));
  EXPECT_FALSE(peer->channel.closed);
}

}  // namespace
}  // namespace hawser::session
