#include "socketio/arguments.h"

#include <fmt/format.h>

#include <cassert>
#include <iterator>
#include <utility>

namespace hawser::socketio {

void Arguments::separate() {
  if (json_.size() > 1) json_ += ',';
}

Arguments& Arguments::add(std::string_view json) {
  separate();
  json_ += json;
  return *this;
}

Arguments& Arguments::add_binary(SharedBytes bytes) {
  separate();
  fmt::format_to(std::back_inserter(json_), R"({{"_placeholder":true,"num":{}}})", attachments_.size());
  attachments_.push_back(std::move(bytes));
  return *this;
}

Arguments& Arguments::relay(json::View::Elements values, std::vector<SharedBytes> attachments) {
  assert(attachments_.empty());
  while (const auto value = values.next()) add(value->raw());
  attachments_ = std::move(attachments);
  return *this;
}

Payload Arguments::take() {
  json_ += ']';
  return {std::move(json_), std::move(attachments_)};
}

}  // namespace hawser::socketio
