#include <string>
#include <utility>

#include "test/engineio/connection_fixture.h"

namespace hawser::engineio {
namespace {

TEST_F(ConnectionTest, pings_an_interval_after_open_and_after_each_pong) {
  open_by_websocket();
  run_until(299ms);
  EXPECT_EQ(taken(), Trace{});
  run_until(300ms);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 2"});
  run_until(450ms);
  receive(10, "3");
  run_until(749ms);
  EXPECT_EQ(taken(), Trace{});
  run_until(750ms);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 2"});
}

TEST_F(ConnectionTest, dies_interval_plus_timeout_after_open_without_pong) {
  open_by_websocket();
  run_until(499ms);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 2"});
  run_until(500ms);
  EXPECT_EQ(taken(), (Trace{"close ws 10 1001 discard", "closed ping timeout", "forget"}));
  EXPECT_EQ(machine_->next_deadline(), std::nullopt);
}

TEST_F(ConnectionTest, refuses_a_poll_that_arrives_with_the_timeout_before_its_timer) {
  open_by_poll();
  run_until(300ms);
  now_ = start_ + 500ms;
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), (Trace{"closed ping timeout", "forget", "refuse 2 code 1"}));
}

TEST_F(ConnectionTest, refuses_a_poll_of_a_client_whose_clock_rounds_down) {
  open_by_poll();
  run_until(300ms);
  now_ = start_ + 499ms;
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), (Trace{"closed ping timeout", "forget", "refuse 2 code 1"}));
}

TEST_F(ConnectionTest, counts_the_timeout_from_when_the_ping_was_due) {
  open_by_websocket();
  now_ = start_ + 350ms;  // The machine was busy.
  machine_->timer(now_);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 2"});
  EXPECT_EQ(machine_->next_deadline(), start_ + 500ms);
}

TEST_F(ConnectionTest, gives_everybody_time_to_answer_after_a_long_pause) {
  open_by_websocket();
  now_ = start_ + 10s;
  machine_->timer(now_);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 2"});
  EXPECT_EQ(machine_->next_deadline(), now_ + 100ms);
  receive(10, "3");
  EXPECT_TRUE(machine_->is_open());
}

TEST_F(ConnectionTest, keeps_the_ping_for_the_next_poll_while_the_timeout_runs) {
  open_by_poll();
  run_until(400ms);
  EXPECT_EQ(taken(), Trace{});
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), Trace{"poll 2 <- 2"});
  post(3, "3");
  run_until(699ms);
  EXPECT_TRUE(machine_->is_open());
  machine_->poll(4, now_);
  run_until(700ms);
  EXPECT_EQ(taken(), Trace{"poll 4 <- 2"});
}

TEST_F(ConnectionTest, tells_a_waiting_poll_of_the_ping_timeout) {
  open_by_poll();
  run_until(300ms);
  machine_->poll(2, now_);
  taken();
  machine_->poll(3, now_);
  run_until(500ms);
  EXPECT_EQ(taken(), (Trace{"poll 3 <- 1", "closed ping timeout", "forget"}));
}

}  // namespace
}  // namespace hawser::engineio
