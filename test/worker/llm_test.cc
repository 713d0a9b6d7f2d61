#include "worker/llm.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "runtime/system.h"
#include "test/worker/recording_context.h"
#include "test/worker/scripted_http_server.h"

namespace hawser::worker {
namespace {

using Peer = ScriptedHttpServer::Peer;

constexpr const char* kKey = "sk-very-secret";
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

std::string delta(std::string_view text) {
  return R"(data: {"model":"m-1","choices":[{"delta":{"content":")" + std::string(text) + "\"}}]}\n\n";
}

std::string plain_answer(std::string_view status, std::string_view headers, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: application/json\r\nConnection: close\r\n" +
         std::string(headers) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

LlmOptions options_for(const ScriptedHttpServer& server) {
  LlmOptions options;
  options.base_url = server.url();
  options.api_key = kKey;
  options.model = "m";
  return options;
}

Outcome run(const LlmOptions& options, RecordingContext& context) {
  return Llm(options, runtime::system_clock()).run(context);
}

TEST(Llm, streams_an_answer) {
  std::string request;
  const ScriptedHttpServer server([&](Peer& peer) {
    request = peer.request();
    peer.send(kStreamHead);
    peer.send(": hello\n\n" + delta("Hel") + delta("lo"));
    peer.send("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
  });
  RecordingContext context(R"({"prompt":"Say hello"})");
  const auto outcome = run(options_for(server), context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::completed) << outcome.error.message;
  EXPECT_EQ(outcome.result, R"({"finishReason":"stop","model":"m-1"})");
  EXPECT_EQ(context.chunks(), (std::vector<std::string>{R"("Hel")", R"("lo")"}));
  EXPECT_TRUE(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Authorization: Bearer sk-very-secret\r\n"), std::string::npos);
  EXPECT_TRUE(
      request.ends_with(R"({"model":"m","messages":[{"role":"user","content":"Say hello"}],"stream":true})"));
}

TEST(Llm, returns_after_done_though_the_connection_stays_open) {
  const ScriptedHttpServer server([](Peer& peer) {
    peer.send(kStreamHead);
    peer.send(delta("a") + "data: [DONE]\n\n");
    EXPECT_TRUE(peer.wait_for_close());
  });
  RecordingContext context(R"({"prompt":"a"})");
  EXPECT_EQ(run(options_for(server), context).kind, Outcome::Kind::completed);
}

TEST(Llm, upstream_errors_are_readable_and_never_show_the_key) {
  struct Row {
    std::string answer, sentence;
  };
  const Row rows[] = {
      {plain_answer("401 Unauthorized", "", R"({"error":{"message":"Incorrect key sk-very-secret"}})"),
       "The model endpoint refused the API key (llm.api_key)."},
      {plain_answer("404 Not Found", "", R"({"error":{"message":"no model m"}})"),
       "The model endpoint does not know this address (llm.base_url) or the model \"m\": no model m"},
      {plain_answer("429 Too Many Requests", "Retry-After: 7\r\n", "{}"),
       "The model endpoint limits its requests; try again in 7 s."},
      {plain_answer("429 Too Many Requests", "", "{}"),
       "The model endpoint limits its requests; try again later."},
      {plain_answer("503 Busy", "", R"({"error":"sk-very-secret is busy"})"),
       "The model endpoint failed with status 503: [api key] is busy"},
      {plain_answer("400 Bad", "", "<html>"), "The model endpoint refused the request with status 400."},
      {plain_answer("302 Found", "Location: http://127.0.0.1:1/\r\n", ""),
       "The model endpoint redirects (status 302); set llm.base_url to its final address."},
      {plain_answer("200 OK", "", R"({"choices":[{"message":{"content":"all"}}]})"),
       "The model endpoint did not stream (it must answer with text/event-stream); check llm.base_url."},
      {std::string(kStreamHead) + delta("a") + "data: {\"error\":{\"message\":\"sk-very-secret broke\"}}\n\n",
       "The model endpoint broke off with an error: [api key] broke"},
      {std::string(kStreamHead) + delta("a"),
       "The model endpoint cut its answer off before it was complete."},
  };
  for (const auto& row : rows) {
    const ScriptedHttpServer server([&](Peer& peer) { peer.send(row.answer); });
    RecordingContext context(R"({"prompt":"a"})");
    const auto outcome = run(options_for(server), context);
    ASSERT_EQ(outcome.kind, Outcome::Kind::failed) << row.sentence;
    EXPECT_EQ(outcome.error.code, Errc::upstream_failed);
    EXPECT_EQ(outcome.error.message, row.sentence);
  }
}

TEST(Llm, a_reset_in_the_middle_fails_the_answer) {
  const ScriptedHttpServer server([](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000\r\n\r\n" +
              delta("a"));
    peer.reset();
  });
  RecordingContext context(R"({"prompt":"a"})");
  const auto outcome = run(options_for(server), context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::upstream_failed);
}

TEST(Llm, a_silent_endpoint_times_out) {
  const ScriptedHttpServer server([](Peer& peer) {
    peer.send(kStreamHead);
    peer.send(delta("a"));
    EXPECT_TRUE(peer.wait_for_close());
  });
  auto options = options_for(server);
  options.idle_timeout = std::chrono::seconds(1);
  RecordingContext context(R"({"prompt":"a"})");
  const auto outcome = run(options, context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::timeout);
  EXPECT_EQ(outcome.error.message, "The model endpoint sent nothing for 1 s.");
}

TEST(Llm, an_endpoint_that_is_not_there_fails_with_a_sentence) {
  LlmOptions options;
  {
    const ScriptedHttpServer server([](Peer&) {});
    options = options_for(server);
  }
  RecordingContext context(R"({"prompt":"a"})");
  const auto outcome = run(options, context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::upstream_failed);
  EXPECT_TRUE(outcome.error.message.starts_with("The model endpoint could not be reached (llm.base_url): "));
}

TEST(Llm, only_http_is_spoken) {
  LlmOptions options;
  options.base_url = "file:///etc";
  options.model = "m";
  RecordingContext context(R"({"prompt":"a"})");
  const auto outcome = run(options, context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_TRUE(context.chunks().empty());
}

TEST(Llm, cancel_closes_the_connection_to_the_endpoint_at_once) {
  std::promise<bool> closed;
  const ScriptedHttpServer server([&](Peer& peer) {
    peer.send(kStreamHead);
    peer.send(delta("first"));
    closed.set_value(peer.wait_for_close());
  });
  RecordingContext context(R"({"prompt":"a"})");
  auto outcome = std::async(std::launch::async, [&] { return run(options_for(server), context); });
  ASSERT_TRUE(context.wait_for("first"));
  const auto asked = std::chrono::steady_clock::now();
  context.stop(StopReason::cancelled);
  EXPECT_EQ(outcome.get().kind, Outcome::Kind::stopped);
  EXPECT_TRUE(closed.get_future().get());
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(2));
}

TEST(Llm, an_interrupted_answer_is_withdrawn_and_asked_for_again) {
  const Llm llm({}, runtime::system_clock());
  EXPECT_EQ(llm.plan("{}", {2, 5, {}}).from, job::ContinueFrom::beginning);
  EXPECT_EQ(llm.plan("{}", {2, 0, {}}).from, job::ContinueFrom::last_event);
}

}  // namespace
}  // namespace hawser::worker
