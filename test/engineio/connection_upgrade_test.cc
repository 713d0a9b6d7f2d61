#include <string>
#include <utility>

#include "test/engineio/connection_fixture.h"

namespace hawser::engineio {
namespace {

TEST_F(ConnectionTest, upgrades_with_probe_noop_and_flush_in_order) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->websocket_opened(10, now_);
  receive(10, "2probe");
  EXPECT_EQ(taken(), (Trace{"ws 10 <- 3probe", "poll 2 <- 6"}));
  send("a");
  machine_->send(share("b"), true);
  machine_->flush();
  EXPECT_EQ(taken(), Trace{});
  receive(10, "5");
  EXPECT_EQ(taken(), (Trace{"ws 10 <- 4a", "ws 10 <- binary b"}));
  EXPECT_EQ(machine_->transport(), Transport::websocket);
  send("c");
  receive(10, "4x");
  EXPECT_EQ(taken(), (Trace{"ws 10 <- 4c", "receive x"}));
}

TEST_F(ConnectionTest, keeps_answering_polls_until_the_upgrade_is_done) {
  open_by_poll();
  machine_->websocket_opened(10, now_);
  receive(10, "2probe");
  taken();
  send("a");
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), Trace{"poll 2 <- 4a"});
  machine_->poll(3, now_);
  run_until(99ms);
  EXPECT_EQ(taken(), Trace{});
  run_until(100ms);
  EXPECT_EQ(taken(), Trace{"poll 3 <- 6"});
  post(4, "4b");
  EXPECT_EQ(traced_, (Trace{"receive b", "post 4 <- ok"}));
  machine_->poll(5, now_);
  receive(10, "5");
  EXPECT_EQ(taken(), Trace{"poll 5 <- 6"});
}

TEST_F(ConnectionTest, refuses_polling_after_the_upgrade_and_lives_on) {
  open_by_poll();
  upgrade();
  machine_->poll(2, now_);
  machine_->begin_post(3, now_);
  EXPECT_EQ(taken(), (Trace{"refuse 2 code 3", "refuse 3 code 3"}));
  receive(10, "4x");
  EXPECT_EQ(taken(), Trace{"receive x"});
}

TEST_F(ConnectionTest, finishes_a_post_that_began_before_the_upgrade) {
  open_by_poll();
  machine_->begin_post(2, now_);
  upgrade();
  machine_->post_packet(2, {PacketType::message, false, "a"}, now_);
  machine_->end_post(2, true, now_);
  EXPECT_EQ(taken(), (Trace{"receive a", "post 2 <- ok"}));
}

TEST_F(ConnectionTest, closes_a_second_websocket_without_harm_during_and_after_the_upgrade) {
  open_by_poll();
  machine_->websocket_opened(10, now_);
  machine_->websocket_opened(11, now_);
  EXPECT_EQ(taken(), Trace{"close ws 11 1000"});
  machine_->websocket_closed(11, "transport close");
  upgrade(10);
  machine_->websocket_opened(12, now_);
  EXPECT_EQ(taken(), Trace{"close ws 12 1000"});
  receive(12, "4stray");
  machine_->websocket_closed(12, "transport close");
  EXPECT_EQ(taken(), Trace{});
  receive(10, "4x");
  EXPECT_EQ(taken(), Trace{"receive x"});
}

TEST_F(ConnectionTest, drops_a_websocket_that_says_anything_but_probe_and_goes_on_polling) {
  for (const auto* text : {"2", "2prob", "2probes", "4hi", "3probe", "", "x", "1"}) {
    machine_.emplace("SID", settings_, now_);
    open_by_poll();
    machine_->websocket_opened(10, now_);
    receive(10, text);
    EXPECT_EQ(taken(), Trace{"close ws 10 1000"}) << text;
    send("a");
    machine_->poll(2, now_);
    EXPECT_EQ(taken(), Trace{"poll 2 <- 4a"});
  }
}

TEST_F(ConnectionTest, goes_on_polling_when_the_probing_websocket_dies) {
  open_by_poll();
  machine_->websocket_opened(10, now_);
  receive(10, "2probe");
  machine_->websocket_closed(10, "transport close");
  taken();
  machine_->poll(2, now_);
  send("a");
  machine_->flush();
  EXPECT_EQ(taken(), Trace{"poll 2 <- 4a"});
  upgrade(11);
  EXPECT_EQ(machine_->transport(), Transport::websocket);
}

TEST_F(ConnectionTest, drops_an_upgrade_that_is_never_finished) {
  const Settings patient{.ping_interval = Millis(60'000)};
  machine_.emplace("SID", patient, now_);
  open_by_poll();
  machine_->websocket_opened(10, now_);
  receive(10, "2probe");
  taken();
  run_until(9'999ms);
  EXPECT_EQ(taken(), Trace{});
  run_until(10s);
  EXPECT_EQ(taken(), Trace{"close ws 10 1000"});
  EXPECT_TRUE(machine_->is_open());
}

TEST_F(ConnectionTest, carries_a_buffered_ping_over_the_upgrade) {
  open_by_poll();
  run_until(300ms);
  send("a");
  machine_->websocket_opened(10, now_);
  receive(10, "2probe");
  taken();
  receive(10, "5");
  EXPECT_EQ(taken(), (Trace{"ws 10 <- 2", "ws 10 <- 4a"}));
  receive(10, "3");
  run_until(599ms);
  EXPECT_EQ(taken(), Trace{});
}

/// Messages of both sides at every step of an upgrade: none is lost, doubled or out of order.
TEST_F(ConnectionTest, loses_and_reorders_nothing_wherever_messages_fall_in_an_upgrade) {
  constexpr int kSteps = 6;
  for (int at = 0; at < kSteps; ++at) {
    machine_.emplace("SID", settings_, now_);
    open_by_poll();
    std::string seen;
    int next = 0;
    const auto collect = [&] {
      for (const auto& line : taken()) {
        for (std::size_t i = line.find('m'); i != std::string::npos; i = line.find('m', i + 1))
          seen += line[i + 1];
      }
    };
    const auto step = [&](int index) {
      const int count = index == at ? 3 : 1;
      for (int i = 0; i < count; ++i) send("m" + std::to_string(next++));
      machine_->flush();
      collect();
    };
    step(0);
    machine_->poll(2, now_);
    step(1);
    machine_->websocket_opened(10, now_);
    machine_->poll(3, now_);
    step(2);
    receive(10, "2probe");
    step(3);
    machine_->poll(4, now_);
    step(4);
    receive(10, "5");
    step(5);
    EXPECT_EQ(seen, "01234567") << "burst at step " << at;
  }
}

}  // namespace
}  // namespace hawser::engineio
