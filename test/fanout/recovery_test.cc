#include "fanout/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hawser::fanout {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class RecoveryTest : public testing::Test {
 protected:
  void record(std::string text, Audience audience = {}) {
    const EncodedPacket packet{share(text), {}};
    recovery.record(std::move(text), std::move(audience), packet, now);
  }
  void park(std::string pid, std::vector<std::string> rooms = {"sid"}) {
    recovery.park(std::move(pid), {"sid", std::move(rooms)}, now);
  }
  /// The texts that were missed, or `nothing`.
  std::vector<std::string> recover(const std::string& pid, std::string_view offset) {
    const auto back = recovery.recover(pid, offset, now);
    if (!back) return {"nothing"};
    EXPECT_EQ(back->socket.id, "sid");
    std::vector<std::string> texts;
    for (const auto& packet : back->missed) texts.push_back(*packet.text);
    return texts;
  }

  TimePoint now{1000s};
  Recovery recovery{{.window = 120s, .sockets = 3, .events = 5, .bytes = 1000}};
};

TEST_F(RecoveryTest, gives_what_came_after_the_offset_in_order) {
  record("1");
  record("2");
  park("p");
  record("3");
  record("4");
  EXPECT_THAT(recover("p", "1"), ElementsAre("2", "3", "4"));
}

TEST_F(RecoveryTest, gives_nothing_but_the_socket_when_nothing_was_missed) {
  record("1");
  park("p", {"sid", "room"});
  const auto back = recovery.recover("p", "1", now);
  ASSERT_TRUE(back);
  EXPECT_THAT(back->missed, IsEmpty());
  EXPECT_THAT(back->socket.rooms, ElementsAre("sid", "room"));
}

TEST_F(RecoveryTest, gives_only_what_was_for_the_socket) {
  record("start");
  park("p", {"sid", "a", "b"});
  record("all");
  record("to a", {{"a"}, {}});
  record("to c", {{"c"}, {}});
  record("not b", {{}, {"b"}});
  EXPECT_THAT(recover("p", "start"), ElementsAre("all", "to a"));
}

TEST_F(RecoveryTest, lets_a_socket_back_once) {
  record("1");
  park("p");
  EXPECT_THAT(recover("p", "1"), IsEmpty());
  EXPECT_THAT(recover("p", "1"), ElementsAre("nothing"));
  park("p");
  EXPECT_THAT(recover("p", "1"), IsEmpty()) << "it was parked again";
}

TEST_F(RecoveryTest, knows_neither_a_wrong_pid_nor_a_wrong_offset) {
  record("1");
  park("p");
  EXPECT_THAT(recover("q", "1"), ElementsAre("nothing"));
  EXPECT_THAT(recover("p", "2"), ElementsAre("nothing"));
  EXPECT_THAT(recover("p", ""), ElementsAre("nothing"));
  EXPECT_THAT(recover("p", "1"), IsEmpty()) << "it is still there";
}

TEST_F(RecoveryTest, forgets_sockets_and_events_when_the_window_is_over) {
  record("1");
  now += 60s;
  record("2");
  park("p");
  now += 60s;
  EXPECT_THAT(recover("p", "1"), ElementsAre("2"));
  park("p");
  now += 120s;
  record("3");
  EXPECT_THAT(recover("p", "2"), ElementsAre("nothing")) << "the event is too old";
  EXPECT_THAT(recover("p", "3"), IsEmpty());
  park("p");
  now += 121s;
  record("4");
  EXPECT_THAT(recover("p", "4"), ElementsAre("nothing"));
  EXPECT_EQ(recovery.sockets(), 0U);
}

TEST_F(RecoveryTest, keeps_a_socket_that_came_back_and_went_again_for_a_whole_window) {
  record("1");
  park("p");
  now += 100s;
  record("2");
  EXPECT_THAT(recover("p", "1"), ElementsAre("2"));
  park("p");
  now += 100s;
  record("3");
  EXPECT_THAT(recover("p", "2"), ElementsAre("3"));
}

TEST_F(RecoveryTest, is_bounded) {
  for (int i = 0; i < 10; ++i) record(std::to_string(i));
  EXPECT_EQ(recovery.events(), 5U);
  record(std::string(996, 'x'));
  EXPECT_EQ(recovery.events(), 5U) << "four of one byte still fit";
  record("y");
  record("z");
  EXPECT_EQ(recovery.events(), 5U);
  for (const auto* pid : {"a", "b", "c", "d"}) park(pid);
  EXPECT_EQ(recovery.sockets(), 3U);
  EXPECT_THAT(recover("a", "z"), ElementsAre("nothing"));
  EXPECT_THAT(recover("d", "z"), IsEmpty());
}

TEST_F(RecoveryTest, does_not_keep_an_event_that_is_larger_than_all_there_is) {
  record("1");
  record(std::string(1001, 'x'));
  EXPECT_EQ(recovery.events(), 0U);
}

}  // namespace
}  // namespace hawser::fanout
