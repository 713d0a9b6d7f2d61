#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "worker/sse_parser.h"

namespace hawser::worker {

/// Reads the body of a streaming chat completion (OpenAI's format): text deltas, the reason why it ended, the
/// usage, errors in the middle. Pure; bytes come in, deltas come out.
class ChatStream {
 public:
  /// Appends the text deltas (JSON strings, as the endpoint wrote them) that `bytes` completes to `deltas`.
  /// Errors: upstream_failed for an error sent by the endpoint and for what is not a chat completion.
  Status feed(std::string_view bytes, std::vector<std::string>& deltas);
  /// The answer is complete: [DONE] came, or at least a finish reason.
  bool complete() const { return done_ || !finish_reason_.empty(); }
  /// [DONE] came; what follows is not read.
  bool done() const { return done_; }
  /// {"finishReason","model","usage"?}; the model as the endpoint names it, else `requested_model`.
  std::string result(std::string_view requested_model) const;

 private:
  Status take(const SseEvent& event, std::vector<std::string>& deltas);

  SseParser parser_;
  bool done_ = false;
  std::string finish_reason_;
  std::string model_;
  std::string usage_;  ///< JSON
};

/// The sentence in an error body of the endpoint, in the shapes that are around: {"error":{"message"}},
/// {"error":"…"}, {"message"}, {"detail"}. Empty when there is none. At most 500 bytes.
std::string upstream_message(std::string_view body);

}  // namespace hawser::worker
