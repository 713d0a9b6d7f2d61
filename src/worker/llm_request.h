#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "worker/options.h"

namespace hawser::worker {

/// What an llm job asks for.
struct LlmRequest {
  std::string model;
  std::string body;  ///< of the POST, JSON

  /// From {"prompt"} or {"messages":[{"role","content"}]} with "model"?, "temperature"?, "maxTokens"?.
  /// Errors: bad_request with a sentence that names the field.
  static Result<LlmRequest> parse(std::string_view input, const LlmOptions& options);
};

}  // namespace hawser::worker
