#pragma once

#include "base/loop.h"
#include "worker/handler.h"
#include "worker/options.h"

namespace hawser::worker {

/// Streams an answer of any endpoint that speaks OpenAI's chat completions. Each delta is a chunk (a string);
/// the result is {"finishReason","model","usage"?}. Cancelling closes the connection, so the endpoint stops
/// too.
class Llm final : public Handler {
 public:
  Llm(LlmOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  std::string_view type() const override { return "llm"; }
  Status validate(std::string_view input) const override;
  /// An interrupted answer cannot be continued word for word, so it is openly withdrawn and asked for again.
  ResumePlan plan(std::string_view input, const ResumePoint& point) const override;
  Outcome run(JobContext& context) override;

 private:
  const LlmOptions options_;
  Clock& clock_;
};

}  // namespace hawser::worker
