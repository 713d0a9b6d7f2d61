#include "socketio/connection.h"

#include <gtest/gtest.h>

namespace hawser::socketio {
namespace {

constexpr TimePoint kDeadline{std::chrono::seconds(45)};

class ConnectionTest : public testing::Test {
 protected:
  Action text(std::string_view message) { return connection.on_message(message, false); }
  Action binary(std::string_view message) { return connection.on_message(message, true); }
  void connect(std::string_view nsp) {
    text(encode_connect(nsp, ""));
    connection.accept(nsp, "sid");
  }
  void expect_violation(const Action& action, CloseReason reason = CloseReason::protocol_error) {
    const auto* violation = std::get_if<Violation>(&action);
    ASSERT_NE(violation, nullptr);
    EXPECT_EQ(violation->reason, reason);
    EXPECT_FALSE(violation->message.empty());
  }

  Connection connection{{"/", "/custom"}, kDeadline};
};

TEST_F(ConnectionTest, asks_for_the_namespace_with_its_auth_and_answers_with_the_sid) {
  const auto action = text(R"(0{"token":"x"})");
  const auto& request = std::get<ConnectRequest>(action);
  EXPECT_EQ(request.nsp, "/");
  EXPECT_EQ(request.auth, R"({"token":"x"})");
  EXPECT_FALSE(connection.is_connected("/"));
  EXPECT_EQ(connection.accept("/", "abc"), R"(0{"sid":"abc"})");
  EXPECT_TRUE(connection.is_connected("/"));
  EXPECT_FALSE(connection.is_connected("/custom"));
}

TEST_F(ConnectionTest, tells_a_recoverable_peer_its_pid) {
  text("0");
  EXPECT_EQ(connection.accept("/", "abc", "def"), R"(0{"sid":"abc","pid":"def"})");
}

TEST_F(ConnectionTest, connects_each_namespace_by_itself) {
  connect("/custom");
  EXPECT_TRUE(connection.is_connected("/custom"));
  EXPECT_FALSE(connection.is_connected("/"));
  EXPECT_EQ(std::get<Received>(text(R"(2/custom,["x"])")).packet.event, "x");
}

TEST_F(ConnectionTest, answers_an_unknown_namespace_and_goes_on) {
  EXPECT_EQ(std::get<Reply>(text("0/random,")).text, R"(4/random,{"message":"Invalid namespace"})");
  EXPECT_TRUE(std::holds_alternative<ConnectRequest>(text("0")));
}

TEST_F(ConnectionTest, bounds_the_namespaces_of_one_connection) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= limits::kMaxNamespaces; ++i) names.push_back("/" + std::to_string(i));
  Connection wide(names, kDeadline);
  for (std::size_t i = 0; i < limits::kMaxNamespaces; ++i) {
    wide.on_message("0" + names[i], false);
    wide.accept(names[i], "sid");
  }
  EXPECT_EQ(std::get<Reply>(wide.on_message("0" + names.back(), false)).text,
            "4" + names.back() + R"(,{"message":"Too many namespaces"})");
  EXPECT_EQ(wide.connected().size(), limits::kMaxNamespaces);
  wide.leave("/0");
  EXPECT_TRUE(std::holds_alternative<ConnectRequest>(wide.on_message("0" + names.back(), false)));
}

TEST_F(ConnectionTest, may_ask_again_after_a_refusal) {
  text("0");
  EXPECT_EQ(connection.refuse("/", "no", R"({"a":1})"), R"(4{"message":"no","data":{"a":1}})");
  EXPECT_EQ(connection.deadline(), kDeadline);
  EXPECT_TRUE(std::holds_alternative<ConnectRequest>(text("0")));
}

TEST_F(ConnectionTest, has_a_deadline_until_it_is_accepted_once) {
  EXPECT_EQ(connection.deadline(), kDeadline);
  text("0");
  EXPECT_EQ(connection.deadline(), kDeadline);
  connection.accept("/", "a");
  EXPECT_EQ(connection.deadline(), std::nullopt);
  text("1");
  EXPECT_EQ(connection.deadline(), std::nullopt);
}

TEST_F(ConnectionTest, leaves_one_namespace_and_keeps_the_others) {
  connect("/");
  connect("/custom");
  EXPECT_EQ(std::get<Left>(text("1/custom,")).nsp, "/custom");
  EXPECT_FALSE(connection.is_connected("/custom"));
  EXPECT_TRUE(connection.is_connected("/"));
  EXPECT_TRUE(std::holds_alternative<ConnectRequest>(text("0/custom,")));
}

TEST_F(ConnectionTest, gives_out_events_and_acks) {
  connect("/");
  const auto event = text(R"(27["ask",{"a":1}])");
  EXPECT_EQ(std::get<Received>(event).packet.id, 7U);
  EXPECT_EQ(std::get<Received>(event).packet.payload, R"(["ask",{"a":1}])");
  const auto ack = text("35[1]");
  EXPECT_TRUE(std::get<Received>(ack).packet.is_ack());
}

TEST_F(ConnectionTest, collects_attachments_in_order) {
  connect("/");
  EXPECT_TRUE(std::holds_alternative<Nothing>(
      text(R"(52-["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])")));
  EXPECT_TRUE(std::holds_alternative<Nothing>(binary("")));
  const auto action = binary(std::string_view("\0\1", 2));
  const auto& received = std::get<Received>(action);
  EXPECT_EQ(received.packet.event, "m");
  ASSERT_EQ(received.attachments.size(), 2U);
  EXPECT_EQ(*received.attachments[0], "");
  EXPECT_EQ(*received.attachments[1], std::string_view("\0\1", 2));
  EXPECT_EQ(std::get<Received>(text(R"(2["next"])")).packet.event, "next");
}

TEST_F(ConnectionTest, bounds_the_attachments_together) {
  connect("/");
  text(R"(59-["m"])");
  const std::string megabyte(limits::kMaxPayload, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(std::holds_alternative<Nothing>(binary(megabyte)));
  expect_violation(binary("x"));
}

TEST_F(ConnectionTest, refuses_text_while_attachments_are_due) {
  connect("/");
  text(R"(51-["m",{"_placeholder":true,"num":0}])");
  expect_violation(text(R"(2["x"])"));
}

TEST_F(ConnectionTest, refuses_binary_that_is_not_due) {
  connect("/");
  expect_violation(binary("x"));
}

TEST_F(ConnectionTest, tells_a_peer_with_another_parser) {
  expect_violation(binary("\x83\xa4type"), CloseReason::unsupported);
}

TEST_F(ConnectionTest, refuses_a_second_connect) {
  text("0");
  expect_violation(text("0"));
  connect("/custom");
  expect_violation(text("0/custom,"));
}

class BrokenRules : public ConnectionTest, public testing::WithParamInterface<std::string> {};

TEST_P(BrokenRules, end_the_connection) {
  connect("/");
  expect_violation(text(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenRules,
                         testing::Values(R"(2/custom,["x"])", "3/custom,1[]", "1/custom,",
                                         R"(2/random,["x"])", R"(4{"message":"x"})", "abc", "2{}",
                                         R"(2abc["x"])", R"(2["connect"])"));

TEST_F(ConnectionTest, refuses_events_before_the_answer_to_connect) {
  text("0");
  expect_violation(text(R"(2["x"])"));
}

}  // namespace
}  // namespace hawser::socketio
