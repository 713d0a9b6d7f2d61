#include "worker/chat_stream.h"

#include <gtest/gtest.h>

namespace hawser::worker {
namespace {

std::string event(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}

TEST(ChatStream, relays_deltas_as_they_were_written) {
  ChatStream stream;
  std::vector<std::string> deltas;
  ASSERT_TRUE(
      stream.feed(event(R"({"model":"m-1","choices":[{"delta":{"role":"assistant","content":""}}]})") +
                      event(R"({"choices":[{"delta":{"content":"a\ud83d"}}]})") +
                      event(R"({"choices":[{"delta":{"content":"\ude00\n"},"finish_reason":null}]})"),
                  deltas));
  EXPECT_EQ(deltas, (std::vector<std::string>{R"("a\ud83d")", R"("\ude00\n")"}));
  EXPECT_FALSE(stream.complete());
}

TEST(ChatStream, result_names_reason_model_and_usage) {
  ChatStream stream;
  std::vector<std::string> deltas;
  ASSERT_TRUE(stream.feed(event(R"({"model":"m-1","choices":[{"delta":{},"finish_reason":"length"}]})") +
                              event(R"({"choices":[],"usage":{"total_tokens":7}})") + event("[DONE]") +
                              event("not read any more"),
                          deltas));
  EXPECT_TRUE(stream.done());
  EXPECT_EQ(stream.result("m"), R"({"finishReason":"length","model":"m-1","usage":{"total_tokens":7}})");
}

TEST(ChatStream, a_finish_reason_completes_the_answer_without_done) {
  ChatStream stream;
  std::vector<std::string> deltas;
  ASSERT_TRUE(stream.feed(event(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"), deltas));
  EXPECT_TRUE(stream.complete());
  EXPECT_EQ(stream.result("asked"), R"({"finishReason":"stop","model":"asked"})");
}

TEST(ChatStream, errors_in_the_middle_are_readable) {
  struct Row {
    std::string stream, sentence;
  };
  const Row rows[] = {
      {event(R"({"error":{"message":"out of memory","code":500}})"), "out of memory"},
      {event(R"({"error":"overloaded"})"), "overloaded"},
      {"event: error\ndata: {\"message\":\"gone\"}\n\n", "gone"},
      {event("{}").insert(0, "event: error\n"), "no reason given"},
      {event("<html>"), "not a chat completion"},
      {event("[1]"), "not a chat completion"},
  };
  for (const auto& row : rows) {
    ChatStream stream;
    std::vector<std::string> deltas;
    const auto status = stream.feed(row.stream, deltas);
    ASSERT_FALSE(status) << row.stream;
    EXPECT_EQ(status.error().code, Errc::upstream_failed);
    EXPECT_NE(status.error().message.find(row.sentence), std::string::npos) << status.error().message;
  }
}

TEST(ChatStream, finds_the_message_in_error_bodies) {
  EXPECT_EQ(upstream_message(R"({"error":{"message":"no such model"}})"), "no such model");
  EXPECT_EQ(upstream_message(R"({"error":"no"})"), "no");
  EXPECT_EQ(upstream_message(R"({"message":"no"})"), "no");
  EXPECT_EQ(upstream_message(R"({"detail":"no"})"), "no");
  EXPECT_EQ(upstream_message(R"([1])"), "");
  EXPECT_EQ(upstream_message("<html>"), "");
  EXPECT_EQ(upstream_message(R"({"error":")" + std::string(5000, 'x') + R"("})").size(), 500);
}

}  // namespace
}  // namespace hawser::worker
