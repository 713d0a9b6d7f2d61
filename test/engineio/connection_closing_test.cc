#include <string>
#include <utility>

#include "test/engineio/connection_fixture.h"

namespace hawser::engineio {
namespace {

TEST_F(ConnectionTest, ends_when_the_websocket_says_close_or_goes_away) {
  open_by_websocket();
  receive(10, "1");
  EXPECT_EQ(taken(), (Trace{"close ws 10 1000", "closed transport close", "forget"}));
  machine_.emplace("SID", settings_, now_);
  open_by_websocket();
  machine_->websocket_closed(10, "transport error");
  EXPECT_EQ(taken(), (Trace{"closed transport error", "forget"}));
  send("late");
  EXPECT_EQ(taken(), Trace{});
}

TEST_F(ConnectionTest, ends_on_an_undecodable_websocket_packet) {
  open_by_websocket();
  receive(10, "abc");
  EXPECT_EQ(taken(), (Trace{"close ws 10 1002", "closed parse error", "forget"}));
}

TEST_F(ConnectionTest, closes_a_websocket_with_the_code_of_the_reason) {
  const std::pair<CloseReason, const char*> table[] = {
      {CloseReason::going_away, "close ws 10 1001"},      {CloseReason::protocol_error, "close ws 10 1002"},
      {CloseReason::unsupported, "close ws 10 1003"},     {CloseReason::too_slow, "close ws 10 1013 discard"},
      {CloseReason::overloaded, "close ws 10 1013"},      {CloseReason::connect_timeout, "close ws 10 1008"},
      {CloseReason::final_disconnect, "close ws 10 1000"}};
  for (const auto& [reason, line] : table) {
    machine_.emplace("SID", settings_, now_);
    open_by_websocket();
    send("last");
    machine_->close(reason, now_);
    machine_->close(CloseReason::going_away, now_);
    const auto trace = taken();
    ASSERT_EQ(trace.size(), 4U) << line;
    EXPECT_EQ(trace[0], "ws 10 <- 4last");
    EXPECT_EQ(trace[1], line);
    EXPECT_TRUE(trace[2].starts_with("closed "));
    EXPECT_EQ(trace[3], "forget");
  }
}

TEST_F(ConnectionTest, gives_every_close_a_reason_that_fits_its_frame_and_json) {
  for (const auto reason : {CloseReason::going_away, CloseReason::protocol_error, CloseReason::unsupported,
                            CloseReason::too_slow, CloseReason::overloaded, CloseReason::connect_timeout,
                            CloseReason::taken_over, CloseReason::final_disconnect}) {
    const auto text = close_status_of(reason).reason;
    EXPECT_FALSE(text.empty());
    EXPECT_LE(text.size(), 123U) << text;
    EXPECT_EQ(text.find_first_of("\"\\"), std::string_view::npos) << text;
  }
}

TEST_F(ConnectionTest, refuses_the_open_requests_of_a_client_with_another_parser_and_says_why) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->begin_post(3, now_);
  machine_->close(CloseReason::unsupported, now_);
  machine_->end_post(3, true, now_);
  std::vector<Action> actions;
  machine_->take_actions(actions);
  ASSERT_EQ(actions.size(), 4U);
  for (const auto& action : {actions[0], actions[1]}) {
    EXPECT_EQ(std::get<action::Refuse>(action).reason, close_status_of(CloseReason::unsupported).reason);
  }
  EXPECT_EQ(std::get<action::Closed>(actions[2]).reason, "parse error");
  EXPECT_TRUE(std::holds_alternative<action::Forget>(actions[3]));
}

TEST_F(ConnectionTest, closes_a_waiting_poll) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->close(CloseReason::going_away, now_);
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 1", "closed server shutting down", "forget"}));
}

TEST_F(ConnectionTest, closes_with_the_poll_after_the_one_that_takes_what_was_sent) {
  open_by_poll();
  machine_->poll(2, now_);
  send("last");
  machine_->close(CloseReason::going_away, now_);
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 4last", "closed server shutting down"}));
  machine_->poll(3, now_);
  EXPECT_EQ(taken(), (Trace{"poll 3 <- 1", "forget"}));
}

TEST_F(ConnectionTest, keeps_the_close_packet_for_the_next_poll) {
  open_by_poll();
  send("last");
  machine_->close(CloseReason::overloaded, now_);
  EXPECT_EQ(taken(), Trace{"closed forced close"});
  EXPECT_FALSE(machine_->is_open());
  post(2, "4ignored");
  EXPECT_EQ(traced_, Trace{"post 2 <- ok"});
  run_until(29s);
  machine_->poll(3, now_);
  EXPECT_EQ(taken(), Trace{"poll 3 <- 4last"});
  machine_->poll(4, now_);
  EXPECT_EQ(taken(), (Trace{"poll 4 <- 1", "forget"}));
  machine_->poll(5, now_);
  EXPECT_EQ(taken(), Trace{"refuse 5 code 1"});
}

TEST_F(ConnectionTest, forgets_a_closed_session_that_is_not_polled) {
  open_by_poll();
  machine_->close(CloseReason::overloaded, now_);
  taken();
  run_until(30s);
  EXPECT_EQ(taken(), Trace{"forget"});
}

TEST_F(ConnectionTest, forgets_a_closed_session_whose_client_leaves) {
  open_by_poll();
  machine_->close(CloseReason::overloaded, now_);
  taken();
  EXPECT_TRUE(machine_->is_lingering());
  post(2, "1");
  EXPECT_FALSE(machine_->is_lingering());
  EXPECT_EQ(traced_, (Trace{"forget", "post 2 <- ok"}));
}

TEST_F(ConnectionTest, drops_what_a_slow_reader_did_not_fetch) {
  open_by_poll();
  send("much");
  machine_->close(CloseReason::too_slow, now_);
  EXPECT_EQ(machine_->buffered_bytes(), 0U);
  taken();
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 1", "forget"}));
}

TEST_F(ConnectionTest, closes_the_probing_websocket_with_the_session) {
  open_by_poll();
  machine_->websocket_opened(10, now_);
  machine_->poll(2, now_);
  taken();
  machine_->poll(3, now_);
  EXPECT_EQ(taken(), (Trace{"refuse 3 code 3", "poll 2 <- 1", "close ws 10 1002", "closed transport error",
                            "forget"}));
}

TEST_F(ConnectionTest, ends_the_poll_of_a_client_that_leaves_by_post) {
  open_by_poll();
  machine_->poll(2, now_);
  post(3, "1");
  EXPECT_EQ(traced_, (Trace{"poll 2 <- 6", "closed transport close", "forget", "post 3 <- ok"}));
  machine_->poll(4, now_);
  EXPECT_EQ(taken(), Trace{"refuse 4 code 1"});
}

TEST_F(ConnectionTest, ends_the_poll_of_a_client_that_leaves_also_when_the_post_overtakes_it) {
  open_by_poll();
  send("unread");
  post(2,
       "1\x1e"
       "4ignored");
  EXPECT_EQ(traced_, Trace{"closed transport close"}) << "the post waits for the poll";
  EXPECT_FALSE(machine_->is_open());
  run_until(90ms);
  machine_->begin_post(3, now_);
  EXPECT_EQ(taken(), Trace{"refuse 3 code 1"});
  machine_->poll(4, now_);
  EXPECT_EQ(taken(), (Trace{"poll 4 <- 6", "forget", "post 2 <- ok"}));
  machine_->poll(5, now_);
  EXPECT_EQ(taken(), Trace{"refuse 5 code 1"});
}

TEST_F(ConnectionTest, knows_no_client_any_more_whose_leaving_is_answered) {
  open_by_poll();
  post(2, "1");
  run_until(100ms);
  EXPECT_EQ(taken(), (Trace{"forget", "post 2 <- ok"}));
  machine_->poll(3, now_);
  EXPECT_EQ(taken(), Trace{"refuse 3 code 1"});
}

TEST_F(ConnectionTest, lets_a_client_leave_that_is_gone_before_the_answer_or_sends_garbage_behind) {
  open_by_poll();
  post(2, "1");
  machine_->abort(2);
  EXPECT_EQ(taken(), Trace{"forget"});
  machine_.emplace("SID", settings_, now_);
  open_by_poll();
  post(2,
       "1\x1e"
       "x");
  EXPECT_EQ(traced_, (Trace{"closed transport close", "refuse 2 code 3", "forget"}));
}

TEST_F(ConnectionTest, abandons_at_once_in_every_state) {
  open_by_poll();
  machine_->abandon();
  EXPECT_EQ(taken(), (Trace{"closed forced close", "forget"}));
  machine_->abandon();
  EXPECT_EQ(taken(), Trace{});
  machine_.emplace("SID", settings_, now_);
  open_by_poll();
  machine_->close(CloseReason::going_away, now_);
  taken();
  machine_->abandon();
  EXPECT_EQ(taken(), Trace{"forget"});
}

}  // namespace
}  // namespace hawser::engineio
