#include "engineio/connection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hawser::engineio {
namespace {

using namespace std::chrono_literals;

/// Drives one machine and writes down its actions in words, so that a test reads like a protocol trace.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { machine_.emplace("SID", settings_, now_); }

  using Trace = std::vector<std::string>;

  void open_by_poll() {
    machine_->open_by_poll(1);
    taken();
  }
  void open_by_websocket() {
    machine_->open_by_websocket(10);
    taken();
  }
  void upgrade(SocketId socket = 10) {
    machine_->websocket_opened(socket, now_);
    receive(socket, "2probe");
    receive(socket, "5");
    taken();
  }
  void receive(SocketId socket, std::string_view text) {
    machine_->websocket_message(socket, text, false, now_);
  }
  void post(RequestId request, std::string body) {
    machine_->begin_post(request, now_);
    PayloadReader reader(body);
    while (const auto packet = reader.next()) machine_->post_packet(request, *packet, now_);
    machine_->end_post(request, !reader.failed(), now_);
    traced_ = taken();  // While `body` lives.
  }
  void send(std::string text) { machine_->send(share(std::move(text)), false); }
  /// Moves time to the machine's own deadline, at most to `limit`.
  void run_until(Duration limit) {
    const auto end = start_ + limit;
    while (machine_->next_deadline() && *machine_->next_deadline() <= end) {
      now_ = *machine_->next_deadline();
      machine_->timer(now_);
    }
    now_ = end;
  }

  Trace taken() {
    std::vector<Action> actions;
    machine_->take_actions(actions);
    Trace words;
    for (const auto& action : actions)
      words.push_back(std::visit([](const auto& a) { return describe(a); }, action));
    return words;
  }

  static std::string describe(const action::Receive& a) {
    return (a.binary ? "receive binary " : "receive ") + std::string(a.data);
  }
  static std::string describe(const action::AnswerPoll& a) {
    std::string payload = a.payload;
    for (auto& c : payload) c = c == '\x1e' ? '|' : c;
    return "poll " + std::to_string(a.request) + " <- " + payload;
  }
  static std::string describe(const action::AnswerPost& a) {
    return "post " + std::to_string(a.request) + " <- ok";
  }
  static std::string describe(const action::Refuse& a) {
    return "refuse " + std::to_string(a.request) + " code " + std::to_string(static_cast<int>(a.code));
  }
  static std::string describe(const action::Write& a) {
    const auto type = a.packet.binary ? std::string("binary ") : std::string(1, type_char(a.packet.type));
    return "ws " + std::to_string(a.socket) + " <- " + type + std::string(a.packet.bytes());
  }
  static std::string describe(const action::CloseSocket& a) {
    return "close ws " + std::to_string(a.socket) + ' ' + std::to_string(a.code) +
           (a.discard ? " discard" : "");
  }
  static std::string describe(const action::Closed& a) { return "closed " + std::string(a.reason); }
  static std::string describe(const action::Forget&) { return "forget"; }

  const Settings settings_{.ping_interval = Millis(300), .ping_timeout = Millis(200)};
  const TimePoint start_{1000s};
  TimePoint now_ = start_;
  std::optional<Connection> machine_;
  Trace traced_;
};

TEST_F(ConnectionTest, opens_by_poll_with_the_open_packet) {
  machine_->open_by_poll(1);
  EXPECT_EQ(taken(), Trace{"poll 1 <- 0" + open_data("SID", Transport::polling, settings_)});
}

TEST_F(ConnectionTest, opens_by_websocket_with_the_open_packet) {
  machine_->open_by_websocket(10);
  EXPECT_EQ(taken(), Trace{"ws 10 <- 0" + open_data("SID", Transport::websocket, settings_)});
}

// --- Polling ---

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
  EXPECT_EQ(traced_, (Trace{"receive a", "refuse 3 code 3", "poll 2 <- 1", "closed parse error", "forget"}));
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

TEST_F(ConnectionTest, closes_on_a_second_post) {
  open_by_poll();
  machine_->poll(2, now_);
  machine_->begin_post(3, now_);
  machine_->begin_post(4, now_);
  EXPECT_EQ(taken(),
            (Trace{"refuse 4 code 3", "refuse 3 code 3", "poll 2 <- 1", "closed transport error", "forget"}));
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
  EXPECT_EQ(traced_, (Trace{"closed transport error", "forget", "post 2 <- ok"}));
  machine_.emplace("SID", settings_, now_);
  open_by_websocket();
  receive(10, "2");
  EXPECT_EQ(taken(), (Trace{"close ws 10 1002", "closed transport error", "forget"}));
}

// --- Heartbeat ---

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
  EXPECT_EQ(taken(), (Trace{"close ws 10 1001", "closed ping timeout", "forget"}));
  EXPECT_EQ(machine_->next_deadline(), std::nullopt);
}

TEST_F(ConnectionTest, refuses_a_poll_that_arrives_with_the_timeout_before_its_timer) {
  open_by_poll();
  run_until(300ms);
  now_ = start_ + 500ms;
  machine_->poll(2, now_);
  EXPECT_EQ(taken(), (Trace{"closed ping timeout", "forget", "refuse 2 code 1"}));
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

// --- Upgrade ---

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

// --- Closing ---

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

TEST_F(ConnectionTest, closes_a_waiting_poll_behind_what_was_sent) {
  open_by_poll();
  machine_->poll(2, now_);
  send("last");
  machine_->close(CloseReason::going_away, now_);
  EXPECT_EQ(taken(), (Trace{"poll 2 <- 4last|1", "closed server shutting down", "forget"}));
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
  EXPECT_EQ(taken(), (Trace{"poll 3 <- 4last|1", "forget"}));
  machine_->poll(4, now_);
  EXPECT_EQ(taken(), Trace{"refuse 4 code 1"});
}

TEST_F(ConnectionTest, forgets_a_closed_session_that_is_not_polled) {
  open_by_poll();
  machine_->close(CloseReason::overloaded, now_);
  taken();
  run_until(30s);
  EXPECT_EQ(taken(), Trace{"forget"});
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
  EXPECT_EQ(taken(), (Trace{"refuse 3 code 3", "poll 2 <- 1", "close ws 10 1000", "closed transport error",
                            "forget"}));
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
