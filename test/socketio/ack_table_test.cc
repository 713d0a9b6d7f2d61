#include "socketio/ack_table.h"

#include <gtest/gtest.h>

namespace hawser::socketio {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{};

class AckTableTest : public testing::Test {
 protected:
  AckHandler note(std::string name) {
    return [this, name](Result<AckAnswer> answer) {
      notes.push_back(name + (answer ? "" : ":" + std::string(code_name(answer.error().code))));
    };
  }
  bool answer(std::uint64_t id, std::string_view payload = "[]") {
    return table.answer(id, {json::View(payload), {}});
  }

  AckTable table{10s, 3};
  std::vector<std::string> notes;
};

TEST_F(AckTableTest, gives_the_answer_to_whoever_asked) {
  std::string got;
  EXPECT_EQ(table.add(note("first"), kStart), 0U);
  EXPECT_EQ(table.add([&got](Result<AckAnswer> answer) { got = answer->payload.raw(); }, kStart), 1U);
  EXPECT_TRUE(answer(1, R"([{"a":1}])"));
  EXPECT_EQ(got, R"([{"a":1}])");
  EXPECT_TRUE(notes.empty());
  EXPECT_TRUE(answer(0));
  EXPECT_EQ(notes, std::vector<std::string>{"first"});
}

TEST_F(AckTableTest, ignores_ids_that_nobody_waits_for) {
  EXPECT_FALSE(answer(0));
  ASSERT_TRUE(table.add(note("a"), kStart));
  EXPECT_FALSE(answer(1));
  EXPECT_TRUE(answer(0));
  EXPECT_FALSE(answer(0)) << "a second answer";
  EXPECT_EQ(notes.size(), 1U);
}

TEST_F(AckTableTest, is_bounded) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(table.add(note("x"), kStart));
  EXPECT_EQ(table.add(note("x"), kStart).error().code, Errc::overloaded);
  EXPECT_TRUE(answer(1));
  EXPECT_EQ(table.add(note("x"), kStart), 3U);
}

TEST_F(AckTableTest, ends_the_wait_in_time_and_only_then) {
  EXPECT_EQ(table.next_deadline(), std::nullopt);
  ASSERT_TRUE(table.add(note("a"), kStart));
  ASSERT_TRUE(table.add(note("b"), kStart + 1s));
  EXPECT_EQ(table.next_deadline(), kStart + 10s);
  table.expire(kStart + 10s - 1ns);
  EXPECT_EQ(table.size(), 2U);
  table.expire(kStart + 10s);
  EXPECT_EQ(notes, std::vector<std::string>{"a:timeout"});
  EXPECT_EQ(table.next_deadline(), kStart + 11s);
  EXPECT_FALSE(answer(0));
  EXPECT_TRUE(answer(1));
}

TEST_F(AckTableTest, lets_a_handler_ask_again) {
  ASSERT_TRUE(
      table.add([this](Result<AckAnswer>) { ASSERT_TRUE(table.add(note("again"), kStart + 10s)); }, kStart));
  table.expire(kStart + 10s);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(answer(1));
  EXPECT_EQ(notes, std::vector<std::string>{"again"});
}

}  // namespace
}  // namespace hawser::socketio
