#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

class SessionGauges : public SessionFixture {
 protected:
  const Gauges& gauges() const { return core.gauges(); }
  JobId start(Peer& peer) {
    const auto packets = ask(peer, event("start:job", R"({"type":"test-job"})", "1"));
    for (const auto& packet : packets) {
      if (packet.starts_with("31[")) return *JobId::parse(packet.substr(13, 36));
    }
    ADD_FAILURE() << "no job was started";
    return {};
  }
  static std::string binary_event(int attachments) {
    return "5" + std::to_string(attachments) + R"(-["x",{"_placeholder":true,"num":0}])";
  }
};

TEST_F(SessionGauges, a_peer_is_a_stranger_until_its_token_is_accepted) {
  auto peer = open();
  ask(*peer, R"(0{"token":"wrong"})");
  EXPECT_FALSE(peer->handler->is_authenticated());
  EXPECT_EQ(gauges().refused.value(), 1);
  EXPECT_EQ(gauges().clients.value(), 0);
  ask(*peer, "0" + json::Object().add("token", token("ann")).str());
  EXPECT_TRUE(peer->handler->is_authenticated());
  EXPECT_EQ(gauges().accepted.value(), 1);
  EXPECT_EQ(gauges().clients.value(), 1);
  peer->handler->on_closed("transport close");
  EXPECT_EQ(gauges().clients.value(), 0);
}

TEST_F(SessionGauges, count_what_clients_hold_and_give_it_back_with_them) {
  auto peer = connect("ann");
  const auto job = start(*peer);
  ask(*peer, event("subscribe:job", quoted(job)));
  EXPECT_EQ(gauges().subscriptions.value(), 1);
  ask(*peer, event("unsubscribe:job", quoted(job)));
  EXPECT_EQ(gauges().subscriptions.value(), 0);
  peer->send(event("subscribe:job", quoted(job)));
  peer->send(event("reconnect:sync", sync(job, 0)));
  EXPECT_EQ(gauges().subscriptions.value(), 1);
  EXPECT_EQ(gauges().pending_commands.value(), 1);
  EXPECT_EQ(gauges().catch_ups.value(), 1);
  peer->handler->on_closed("transport close");
  EXPECT_EQ(gauges().subscriptions.value(), 0);
  EXPECT_EQ(gauges().pending_commands.value(), 0);
  EXPECT_EQ(gauges().catch_ups.value(), 0);
  loop.run();
  EXPECT_EQ(gauges().pending_commands.value(), 0);
}

TEST_F(SessionGauges, a_foreign_job_takes_no_subscription) {
  auto ann = connect("ann");
  const auto job = start(*ann);
  auto bob = connect("bob");
  ask(*bob, event("subscribe:job", quoted(job)));
  EXPECT_EQ(gauges().subscriptions.value(), 0);
}

TEST_F(SessionGauges, attachments_that_do_not_come_end_the_connection) {
  auto peer = connect("ann");
  peer->send(binary_event(2));
  loop.advance(limits::kAttachmentTimeout - Millis(1));
  peer->handler->on_message("first", true);
  loop.advance(limits::kAttachmentTimeout - Millis(1));
  EXPECT_FALSE(peer->channel.closed);
  EXPECT_EQ(gauges().attachment_bytes.value(), static_cast<std::int64_t>(binary_event(2).size() + 5));
  loop.advance(Millis(1));
  EXPECT_EQ(peer->channel.closed, CloseReason::protocol_error);
  peer->handler.reset();
  EXPECT_EQ(gauges().attachment_bytes.value(), 0);
}

TEST_F(SessionGauges, attachments_that_came_are_not_waited_for) {
  auto peer = connect("ann");
  peer->send(binary_event(1));
  peer->handler->on_message("first", true);
  EXPECT_EQ(gauges().attachment_bytes.value(), 0);
  loop.advance(2 * limits::kAttachmentTimeout);
  EXPECT_FALSE(peer->channel.closed);
}

TEST_F(SessionGauges, attachments_of_all_peers_together_are_bounded) {
  std::vector<std::unique_ptr<Peer>> peers;
  const std::string large(limits::kMaxPayload, 'x');
  while (peers.empty() || !peers.back()->channel.closed) {
    ASSERT_LT(peers.size(), 100U);
    peers.push_back(connect("ann"));
    peers.back()->send(binary_event(5));
    for (int i = 0; i < 4; ++i) peers.back()->handler->on_message(large, true);
  }
  EXPECT_EQ(peers.back()->channel.closed, CloseReason::overloaded);
  EXPECT_LE(gauges().attachment_bytes.value(),
            static_cast<std::int64_t>(limits::kMaxAttachmentBytesPerCore + 2 * large.size()));
  peers.clear();
  EXPECT_EQ(gauges().attachment_bytes.value(), 0);
}

}  // namespace
}  // namespace hawser::session
