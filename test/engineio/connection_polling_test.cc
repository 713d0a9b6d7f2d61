#include <string>
#include <utility>

#include "test/engineio/connection_fixture.h"

namespace hawser::engineio {
namespace {

TEST_F(ConnectionTest, opens_by_poll_with_the_open_packet) {
  machine_->open_by_poll(1);
  EXPECT_EQ(taken(), Trace{"poll 1 <- 0" + open_data("SID", Transport::polling, settings_)});
}

TEST_F(ConnectionTest, opens_by_websocket_with_the_open_packet) {
  machine_->open_by_websocket(10);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 0" + open_data("SID", Transport::websocket, settings_)});
}

TEST_F(ConnectionTest, answers_a_waiting_poll_once_with_all_that_was_sent_in_the_turn) {
  open_by_poll();
  machine_->poll(2, now_);
  send("a");
  send("b");
  EXPECT_EQ(taken(), Trace{});
  EXPECT_TRUE(machine_->needs_flush());
  EXPECT_EQ(machine_->buffered_bytes(), 2U);
  machine_->flush();
  EXPECT_EQ(taken(), Trace{"poll 2 <- 4a|4b"});
  EXPECT_EQ(machine_->buffered_bytes(), 0U);
}

TEST_F(ConnectionTest, is_writable_while_a_poll_waits_for_the_first_message) {
  open_by_poll();
  EXPECT_FALSE(machine_->is_writable());
  machine_->poll(2, now_);
  EXPECT_TRUE(machine_->is_writable());
  send("");
  EXPECT_FALSE(machine_->is_writable()) << "something waits, even if it is empty";
  machine_->flush();
  EXPECT_FALSE(machine_->is_writable());
  upgrade();
  EXPECT_TRUE(machine_->is_writable()) << "what waits in the socket is known to its owner";
  machine_->abandon();
  EXPECT_FALSE(machine_->is_writable());
}

TEST_F(ConnectionTest, keeps_messages_between_polls) {
  open_by_poll();
  send("a");
  machine_->send(share("\x01\x02\x03\x04"), true);
  machine_->flush();
  EXPECT_EQ(taken(), Trace{});
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), Trace{"poll 2 <- 4a|bAQIDBA=="});
}

TEST_F(ConnectionTest, handles_a_post_in_order_and_answers_once) {
  open_by_poll();
  post(2,
       "4a\x1e"
       "bAQID\x1e"
       "4b");
  EXPECT_EQ(traced_, (Trace{"receive a", "receive binary \x01\x02\x03", "receive b", "post 2 <- ok"}));
}

TEST_F(ConnectionTest, closes_on_a_malformed_post) {
  open_by_poll();
  machine_->poll(2, now_);
  post(3,
       "4a\x1e"
       "x");
  EXPECT_EQ(traced_,
            (Trace{"receive a", "refuse 3 code 3", "refuse 2 code 3", "closed parse error", "forget"}));
}

TEST_F(ConnectionTest, closes_on_a_second_poll_and_tells_the_first) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->poll(3, now_);
  EXPECT_EQ(taken(), (Trace{"refuse 3 code 3", "poll 2 <- 1", "closed transport error", "forget"}));
  machine_->poll(4, now_);
  EXPECT_EQ(taken(), Trace{"refuse 4 code 1"});
  EXPECT_EQ(machine_->transport(), std::nullopt);
}

TEST_F(ConnectionTest, ends_when_a_browser_sends_a_poll_again_whose_answer_is_lost) {
  open_by_poll();
  machine_->poll(2, now_, "first");
  send("lost");
  machine_->flush();
  machine_->poll(3, now_, "second");
  send("arrives");
  machine_->flush();
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 4lost", "poll 3 <- 4arrives"}));
  machine_->poll(4, now_, "second");
  EXPECT_EQ(taken(), (Trace{"refuse 4 code 3", "closed transport error", "forget"}));
}

TEST_F(ConnectionTest, handles_a_post_that_a_browser_sends_again_once) {
  open_by_poll();
  machine_->begin_post(2, now_, "same");
  machine_->end_post(2, true, now_);
  machine_->poll(3, now_, "same");
  EXPECT_EQ(taken(), Trace{"post 2 <- ok"}) << "polls and posts apart";
  machine_->begin_post(4, now_, "same");
  EXPECT_EQ(taken(), (Trace{"refuse 4 code 3", "refuse 3 code 3", "closed transport error", "forget"}));
}

TEST_F(ConnectionTest, takes_requests_without_a_nonce_as_different_ones) {
  open_by_poll();
  for (const RequestId request : {2, 3}) {
    machine_->poll(request, now_);
    send("a");
    machine_->flush();
    machine_->begin_post(request + 2, now_);
    machine_->end_post(request + 2, true, now_);
  }
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 4a", "post 4 <- ok", "poll 3 <- 4a", "post 5 <- ok"}));
}

TEST_F(ConnectionTest, closes_on_a_second_post) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->begin_post(3, now_);
  machine_->begin_post(4, now_);
  EXPECT_EQ(taken(), (Trace{"refuse 4 code 3", "refuse 3 code 3", "refuse 2 code 3", "closed transport error",
                            "forget"}));
  machine_->end_post(3, true, now_);
  EXPECT_EQ(taken(), Trace{});
}

TEST_F(ConnectionTest, closes_when_the_client_drops_its_poll_or_post) {
  for (const bool poll : {true, false}) {
    machine_.emplace("SID", settings_, now_);
    open_by_poll();
    poll ? machine_->poll(2, now_) : machine_->begin_post(2, now_);
    machine_->abort(2);
    EXPECT_EQ(taken(), (Trace{"closed transport error", "forget"}));
  }
}

TEST_F(ConnectionTest, ignores_the_loss_of_an_answered_request) {
  open_by_poll();
  send("a");
  machine_->poll(2, now_);
  taken();
  machine_->abort(2);
  machine_->abort(1);
  EXPECT_EQ(taken(), Trace{});
  EXPECT_TRUE(machine_->is_open());
}

TEST_F(ConnectionTest, goes_on_after_a_post_that_was_too_large) {
  open_by_poll();
  machine_->begin_post(2, now_);
  machine_->forget_post(2);
  post(3, "4a");
  EXPECT_EQ(traced_, (Trace{"receive a", "post 3 <- ok"}));
}

TEST_F(ConnectionTest, ends_when_the_client_posts_close) {
  open_by_poll();
  machine_->poll(2, now_);
  post(3,
       "4a\x1e"
       "1\x1e"
       "4late");
  EXPECT_EQ(traced_, (Trace{"receive a", "poll 2 <- 6", "closed transport close", "forget", "post 3 <- ok"}));
}

TEST_F(ConnectionTest, ignores_packets_that_only_servers_send) {
  open_by_poll();
  post(2,
       "0{}\x1e"
       "5\x1e"
       "6\x1e"
       "4a");
  EXPECT_EQ(traced_, (Trace{"receive a", "post 2 <- ok"}));
}

TEST_F(ConnectionTest, takes_a_ping_of_the_client_as_an_error) {
  open_by_poll();
  post(2, "2");
  EXPECT_EQ(traced_, (Trace{"refuse 2 code 3", "closed transport error", "forget"}));
  machine_.emplace("SID", settings_, now_);
  open_by_websocket();
  receive(10, "2");
  EXPECT_EQ(taken(), (Trace{"close ws 10 1002", "closed transport error", "forget"}));
}

}  // namespace
}  // namespace hawser::engineio
