#include "worker/llm.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "worker/chat_stream.h"
#include "worker/http_stream.h"
#include "worker/llm_request.h"

namespace hawser::worker {
namespace {

std::string endpoint_of(std::string_view base_url) {
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  return fmt::format("{}/chat/completions", base_url);
}

HttpRequest http_request(const LlmOptions& options, std::string body) {
  HttpRequest request;
  request.url = endpoint_of(options.base_url);
  request.headers = {"Content-Type: application/json", "Accept: text/event-stream", "Expect:"};
  if (!options.api_key.empty()) request.headers.push_back("Authorization: Bearer " + options.api_key);
  request.body = std::move(body);
  request.connect_timeout = options.connect_timeout;
  request.idle_timeout = options.idle_timeout;
  return request;
}

/// Some endpoints repeat the key when they refuse it; ours never leaves the server.
std::string without_key(std::string text, const std::string& key) {
  for (auto at = key.empty() ? std::string::npos : text.find(key); at != std::string::npos;
       at = text.find(key)) {
    text.replace(at, key.size(), "[api key]");
  }
  return text;
}

/// From Retry-After, which holds seconds or a date.
std::string when(std::string_view retry_after) {
  if (retry_after.empty()) return "later";
  const bool seconds = retry_after.find_first_not_of("0123456789") == std::string_view::npos;
  return seconds ? fmt::format("in {} s", retry_after) : fmt::format("after {}", retry_after);
}

/// The sentence for an answer other than 200.
std::string refusal_sentence(const HttpAnswer& answer, const std::string& model) {
  const auto reason = upstream_message(answer.body);
  const auto because = reason.empty() ? std::string(".") : ": " + reason;
  const auto status = answer.status;
  if (status == 401 || status == 403) return "The model endpoint refused the API key (llm.api_key).";
  if (status == 404) {
    return fmt::format("The model endpoint does not know this address (llm.base_url) or the model \"{}\"{}",
                       model, because);
  }
  if (status == 429) {
    return fmt::format("The model endpoint limits its requests; try again {}{}", when(answer.retry_after),
                       because);
  }
  if (status >= 300 && status < 400) {
    return fmt::format("The model endpoint redirects (status {}); set llm.base_url to its final address.",
                       status);
  }
  if (status >= 500) return fmt::format("The model endpoint failed with status {}{}", status, because);
  return fmt::format("The model endpoint refused the request with status {}{}", status, because);
}

/// Whether the endpoint may answer better another time.
bool is_passing(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

/// One answer on its way from the endpoint to the job. Lives for one run.
class Answer {
 public:
  explicit Answer(JobContext& context) : context_(context) {}

  /// Whether to read on.
  bool feed(std::string_view bytes) {
    std::vector<std::string> deltas;
    auto read = stream_.feed(bytes, deltas);
    for (auto& delta : deltas) {
      if (auto emitted = context_.emit(std::move(delta)); !emitted) return stop(emitted.error());
    }
    return read ? !stream_.done() : stop(read.error());
  }
  const std::optional<Error>& error() const { return error_; }
  const ChatStream& stream() const { return stream_; }

 private:
  bool stop(Error error) {
    error_ = std::move(error);
    return false;
  }

  JobContext& context_;
  ChatStream stream_;
  std::optional<Error> error_;
};

/// What went wrong, in the order in which it hides the rest.
std::optional<Error> problem(const HttpAnswer& http, const Answer& answer, const std::string& model) {
  if (http.status != 200) return Error{Errc::upstream_failed, refusal_sentence(http, model)};
  if (answer.error()) return answer.error();
  if (answer.stream().complete()) return std::nullopt;
  if (!http.content_type.starts_with("text/event-stream")) {
    return Error{
        Errc::upstream_failed,
        "The model endpoint did not stream (it must answer with text/event-stream); check llm.base_url."};
  }
  return Error{Errc::upstream_failed, "The model endpoint cut its answer off before it was complete."};
}

}  // namespace

Status Llm::validate(std::string_view input) const {
  const auto request = LlmRequest::parse(input, options_);
  if (!request) return std::unexpected(request.error());
  return {};
}

ResumePlan Llm::plan(std::string_view /*input*/, const ResumePoint& point) const {
  const bool nothing_to_withdraw = point.chunk_count == 0;
  return {nothing_to_withdraw ? job::ContinueFrom::last_event : job::ContinueFrom::beginning, std::nullopt};
}

Outcome Llm::run(JobContext& context) {
  auto request = LlmRequest::parse(context.input(), options_);
  if (!request) return Outcome::failed(request.error());
  Answer answer(context);
  const auto http = http_post(
      http_request(options_, std::move(request->body)),
      [&](std::string_view bytes) { return answer.feed(bytes); }, context.stop_token(), clock_);
  const bool asked_to_stop = context.stop_reason() != StopReason::none;
  auto error = http ? problem(*http, answer, request->model) : std::optional(http.error());
  if (!error) return Outcome::completed(answer.stream().result(request->model));
  if (asked_to_stop) return Outcome::stopped();
  error->message = without_key(std::move(error->message), options_.api_key);
  const bool may_pass = !http || http->cut || is_passing(http->status);
  return may_pass ? Outcome::retry(std::move(*error)) : Outcome::failed(std::move(*error));
}

}  // namespace hawser::worker
