#include "base/json.h"
#include "base/utf8.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using hawser::json::Kind;
using hawser::json::View;

/// Every accessor must be safe on whatever `validate` accepted, and slices must stay valid JSON themselves.
void walk(View value) {
  if (!hawser::json::value_length(value.raw())) std::abort();
  if (const auto text = value.as_string(); text && !hawser::utf8::is_valid(*text)) std::abort();
  (void)value.as_number();
  auto elements = value.elements();
  while (const auto element = elements.next()) walk(*element);
  auto members = value.members();
  while (const auto member = members.next()) walk(member->value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto value = hawser::json::validate(text)) walk(*value);
  const auto quoted = hawser::json::quoted(text);
  if (!hawser::json::validate(quoted)) std::abort();
  return 0;
}
