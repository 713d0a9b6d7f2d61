#include "worker/llm_request.h"

#include <gtest/gtest.h>

namespace hawser::worker {
namespace {

LlmOptions options() {
  LlmOptions options;
  options.model = "m";
  return options;
}

TEST(LlmRequest, builds_the_body_from_what_is_known) {
  struct Row {
    std::string input, body;
  };
  const Row rows[] = {
      {R"({"prompt":"a\nb"})",
       R"({"model":"m","messages":[{"role":"user","content":"a\nb"}],"stream":true})"},
      {R"({"prompt":"a","model":"n","temperature":0.5,"maxTokens":9})",
       R"({"model":"n","messages":[{"role":"user","content":"a"}],"stream":true,"temperature":0.5,"max_tokens":9})"},
      {R"({"messages":[{"role":"system","content":"s","x":1},{"role":"user","content":"u"}]})",
       R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"stream":true})"},
  };
  for (const auto& row : rows) {
    const auto request = LlmRequest::parse(row.input, options());
    ASSERT_TRUE(request) << row.input << request.error().message;
    EXPECT_EQ(request->body, row.body);
  }
}

TEST(LlmRequest, refuses_bad_input_by_the_name_of_the_field) {
  struct Row {
    std::string input, field;
  };
  const Row rows[] = {
      {"{}", "`prompt`"},
      {"[]", "`prompt`"},
      {R"({"prompt":7})", "`prompt`"},
      {R"({"messages":"hello"})", "`messages`"},
      {R"({"messages":[]})", "`messages`"},
      {R"({"messages":[{"role":"root","content":"x"}]})", "`role`"},
      {R"({"messages":[{"role":"user"}]})", "`content`"},
      {R"({"messages":[7]})", "`role`"},
      {R"({"prompt":"a","model":7})", "`model`"},
      {R"({"prompt":"a","model":""})", "`model`"},
      {R"({"prompt":"a","temperature":"hot"})", "`temperature`"},
      {R"({"prompt":"a","temperature":3})", "`temperature`"},
      {R"({"prompt":"a","maxTokens":0})", "`maxTokens`"},
      {R"({"prompt":"a","maxTokens":1.5})", "`maxTokens`"},
  };
  for (const auto& row : rows) {
    const auto request = LlmRequest::parse(row.input, options());
    ASSERT_FALSE(request) << row.input;
    EXPECT_EQ(request.error().code, Errc::bad_request);
    EXPECT_NE(request.error().message.find(row.field), std::string::npos) << request.error().message;
  }
}

}  // namespace
}  // namespace hawser::worker
