#include "worker/chat_stream.h"

#include <fmt/format.h>

#include <optional>

#include "base/json.h"

namespace hawser::worker {
namespace {

constexpr std::size_t kMaxUpstreamMessage = 500;

std::string message_in(json::View body) {
  const auto error = body.find("error");
  if (error && error->is(json::Kind::string)) return error->as_string().value_or("");
  if (error) return error->find_string("message").value_or("");
  auto message = body.find_string("message").value_or("");
  return message.empty() ? body.find_string("detail").value_or("") : message;
}

/// Only one answer is asked for, so the first choice is the one.
std::optional<json::View> first_choice(json::View body) {
  const auto choices = body.find("choices");
  if (!choices || !choices->is(json::Kind::array)) return std::nullopt;
  return choices->elements().next();
}

/// The text a choice adds, as the slice that was sent; empty when there is none.
std::string_view delta_of(json::View choice) {
  const auto delta = choice.find("delta");
  const auto content = delta ? delta->find("content") : std::nullopt;
  if (!content || !content->is(json::Kind::string) || content->raw() == "\"\"") return {};
  return content->raw();
}

}  // namespace

std::string upstream_message(std::string_view body) {
  const auto value = json::validate(body);
  if (!value) return {};
  return message_in(*value).substr(0, kMaxUpstreamMessage);
}

Status ChatStream::feed(std::string_view bytes, std::vector<std::string>& deltas) {
  std::vector<SseEvent> events;
  auto parsed = parser_.feed(bytes, events);
  for (const auto& event : events) {
    if (done_) return {};
    if (auto taken = take(event, deltas); !taken) return taken;
  }
  return parsed;
}

Status ChatStream::take(const SseEvent& event, std::vector<std::string>& deltas) {
  if (event.data == "[DONE]") {
    done_ = true;
    return {};
  }
  const auto body = json::validate(event.data);
  if (!body || !body->is(json::Kind::object)) {
    return fail(Errc::upstream_failed, "The model endpoint sent something that is not a chat completion.");
  }
  const auto error = body->find("error");
  if (event.type == "error" || (error && !error->is(json::Kind::null))) {
    const auto message = message_in(*body).substr(0, kMaxUpstreamMessage);
    return fail(Errc::upstream_failed, fmt::format("The model endpoint broke off with an error: {}",
                                                   message.empty() ? "no reason given" : message));
  }
  if (auto model = body->find_string("model").value_or(""); !model.empty()) model_ = std::move(model);
  if (const auto usage = body->find("usage"); usage && usage->is(json::Kind::object)) usage_ = usage->raw();
  const auto choice = first_choice(*body);
  if (!choice) return {};
  if (const auto delta = delta_of(*choice); !delta.empty()) deltas.emplace_back(delta);
  if (auto reason = choice->find_string("finish_reason").value_or(""); !reason.empty())
    finish_reason_ = std::move(reason);
  return {};
}

std::string ChatStream::result(std::string_view requested_model) const {
  json::Object result;
  result.add("finishReason", finish_reason_.empty() ? std::string_view("stop") : finish_reason_);
  result.add("model", model_.empty() ? requested_model : model_);
  if (!usage_.empty()) result.raw("usage", usage_);
  return std::move(result).str();
}

}  // namespace hawser::worker
