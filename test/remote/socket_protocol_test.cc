#include "remote/socket_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace hawser::remote {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kOpen =
    R"(0{"sid":"s","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000})";

class SocketProtocolTest : public testing::Test {
 protected:
  SocketProtocol protocol_{"tok\"en",
                           {.send = [this](std::string text) { sent_.push_back(std::move(text)); },
                            .on_open = [this](Millis limit) { silence_limit_ = limit; },
                            .on_connected = [this] { ++connected_; },
                            .on_event =
                                [this](std::string_view event, std::string_view body) {
                                  events_.push_back(std::string(event) + " " + std::string(body));
                                }}};
  std::vector<std::string> sent_;
  std::vector<std::string> events_;
  Millis silence_limit_{};
  int connected_ = 0;
};

TEST_F(SocketProtocolTest, shows_the_token_when_the_transport_opens) {
  EXPECT_TRUE(protocol_.receive(kOpen));
  EXPECT_EQ(silence_limit_, Millis(500));
  EXPECT_THAT(sent_, ElementsAre(R"(40{"token":"tok\"en"})"));
  EXPECT_FALSE(protocol_.is_connected());
  EXPECT_TRUE(protocol_.receive(R"(40{"sid":"x"})"));
  EXPECT_TRUE(protocol_.is_connected());
  EXPECT_EQ(connected_, 1);
}

TEST_F(SocketProtocolTest, answers_pings) {
  EXPECT_TRUE(protocol_.receive("2"));
  EXPECT_THAT(sent_, ElementsAre("3"));
}

TEST_F(SocketProtocolTest, hands_on_events_with_their_first_argument) {
  EXPECT_TRUE(protocol_.receive(R"(42["job:chunk",{"a":[1]},"offset"])"));
  EXPECT_TRUE(protocol_.receive(R"(42["connected"])"));
  EXPECT_TRUE(protocol_.receive(R"(42/other,["x",1])"));
  EXPECT_THAT(events_, ElementsAre(R"(job:chunk {"a":[1]})", "connected null"));
}

TEST_F(SocketProtocolTest, brings_each_ack_to_its_request_once) {
  std::vector<std::string> answers;
  const auto remember = [&](Result<std::string> answer) {
    answers.push_back(answer ? *answer
                             : std::string(code_name(answer.error().code)) + ": " + answer.error().message);
  };
  protocol_.request("a", "1", remember);
  protocol_.request("b", R"({"x":2})", remember);
  EXPECT_THAT(sent_, ElementsAre(R"(420["a",1])", R"(421["b",{"x":2}])"));
  EXPECT_TRUE(protocol_.receive(R"(431[{"error":"No room.","code":"storage_full"}])"));
  EXPECT_TRUE(protocol_.receive(R"(430[{"jobId":"j"}])"));
  EXPECT_TRUE(protocol_.receive(R"(430[{"jobId":"again"}])"));
  EXPECT_TRUE(protocol_.receive(R"(4399[])"));
  EXPECT_THAT(answers, ElementsAre("storage_full: No room.", R"({"jobId":"j"})"));
}

TEST_F(SocketProtocolTest, unanswered_requests_expire_or_end_with_the_connection) {
  std::vector<Errc> codes;
  const auto remember = [&](Result<std::string> answer) { codes.push_back(answer.error().code); };
  const auto first = protocol_.request("a", "1", remember);
  protocol_.request("b", "1", remember);
  protocol_.expire(first);
  protocol_.expire(first);
  protocol_.abandon();
  protocol_.abandon();
  EXPECT_THAT(codes, ElementsAre(Errc::timeout, Errc::unavailable));
}

TEST_F(SocketProtocolTest, a_refusal_is_final_and_says_why) {
  const auto refused = protocol_.receive(R"(44{"message":"Authentication failed"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unauthorized);
  EXPECT_EQ(refused.error().message, "Authentication failed");
  EXPECT_EQ(protocol_.receive("41").error().code, Errc::shutting_down);
}

TEST_F(SocketProtocolTest, ends_the_connection_on_nonsense) {
  for (const char* text :
       {"", "x", "9", "0", "0{}", "0[]", R"(0{"pingInterval":0,"pingTimeout":0})",
        R"(0{"pingInterval":9223372036854775807,"pingTimeout":9223372036854775807})",
        R"(0{"pingInterval":-1,"pingTimeout":200})", "4", "4x", "42{}", "42[", "43[]", "1"}) {
    const auto status = protocol_.receive(text);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, Errc::unavailable) << text;
  }
  EXPECT_THAT(events_, IsEmpty());
}

TEST(ErrorIn, reads_error_bodies_only) {
  EXPECT_FALSE(error_in(R"({"ok":true})"));
  EXPECT_FALSE(error_in("1"));
  EXPECT_FALSE(error_in(""));
  EXPECT_EQ(error_in(R"({"error":"x","code":"not_found"})")->code, Errc::not_found);
  EXPECT_EQ(error_in(R"({"error":"x"})")->code, Errc::internal);
}

}  // namespace
}  // namespace hawser::remote
