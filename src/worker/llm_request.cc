#include "worker/llm_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"

namespace hawser::worker {
namespace {

constexpr std::size_t kMaxMessages = 1000;
constexpr std::array<std::string_view, 5> kRoles = {"system", "developer", "user", "assistant", "tool"};

std::optional<json::View> given(json::View input, std::string_view name) {
  const auto field = input.find(name);
  return field && !field->is(json::Kind::null) ? field : std::nullopt;
}

/// One message with nothing but what is known, so that a job cannot reach other features of the endpoint.
Result<std::string> message_of(json::View message) {
  const auto role = message.find("role");
  const auto content = message.find("content");
  const auto role_name = role ? role->as_string() : std::nullopt;
  if (!role_name || std::ranges::find(kRoles, *role_name) == kRoles.end()) {
    return fail(Errc::bad_request,
                "`role` of each message must be system, developer, user, assistant or tool.");
  }
  if (!content || !content->is(json::Kind::string)) {
    return fail(Errc::bad_request, "`content` of each message must be a string.");
  }
  return json::Object().add("role", *role_name).raw("content", content->raw()).str();
}

Result<std::string> messages_of(json::View input) {
  if (const auto prompt = given(input, "prompt")) {
    if (!prompt->is(json::Kind::string)) return fail(Errc::bad_request, "`prompt` must be a string.");
    return "[" + json::Object().add("role", "user").raw("content", prompt->raw()).str() + "]";
  }
  const auto messages = given(input, "messages");
  if (!messages || !messages->is(json::Kind::array)) {
    return fail(Errc::bad_request, "The input needs `prompt` (a string) or `messages` (a list).");
  }
  std::string list;
  std::size_t count = 0;
  auto elements = messages->elements();
  while (const auto element = elements.next()) {
    auto message = message_of(*element);
    if (!message) return message;
    list += (count++ == 0 ? "" : ",") + *message;
  }
  if (count == 0 || count > kMaxMessages) {
    return fail(Errc::bad_request, fmt::format("`messages` must have 1 to {} entries.", kMaxMessages));
  }
  return "[" + list + "]";
}

Result<std::string> model_of(json::View input, const LlmOptions& options) {
  const auto model = given(input, "model");
  auto name = model ? model->as_string() : options.model;
  if (!name) return fail(Errc::bad_request, "`model` must be a string.");
  if (name->empty()) return fail(Errc::bad_request, "`model` is needed: no llm.model is configured.");
  return *name;
}

Status add_settings(json::View input, json::Object& body) {
  if (const auto temperature = given(input, "temperature")) {
    const auto value = temperature->as_number();
    if (!value || !(*value >= 0 && *value <= 2)) {
      return fail(Errc::bad_request, "`temperature` must be a number from 0 to 2.");
    }
    body.raw("temperature", temperature->raw());
  }
  if (const auto max_tokens = given(input, "maxTokens")) {
    const auto value = max_tokens->as_integer();
    if (!value || *value < 1) return fail(Errc::bad_request, "`maxTokens` must be a whole number above 0.");
    body.add("max_tokens", *value);
  }
  return {};
}

}  // namespace

Result<LlmRequest> LlmRequest::parse(std::string_view text, const LlmOptions& options) {
  const json::View input(text);
  auto model = model_of(input, options);
  if (!model) return std::unexpected(model.error());
  const auto messages = messages_of(input);
  if (!messages) return std::unexpected(messages.error());
  json::Object body;
  body.add("model", *model).raw("messages", *messages).add("stream", true);
  if (auto added = add_settings(input, body); !added) return std::unexpected(added.error());
  return LlmRequest{std::move(*model), std::move(body).str()};
}

}  // namespace hawser::worker
