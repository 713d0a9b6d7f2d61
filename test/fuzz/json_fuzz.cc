#include <algorithm>
#include <string>

#include "base/json.h"
#include "base/utf8.h"
#include "test/fuzz/check.h"

namespace {

using hawser::fuzz::check;
using hawser::fuzz::lies_within;
using hawser::json::Kind;
using hawser::json::Object;
using hawser::json::View;

/// Objects with more members are not searched for each of them, which takes quadratic time.
constexpr std::size_t kSearched = 256;

void check_string(View value) {
  const auto text = value.as_string();
  check(text.has_value() == value.is(Kind::string), "a string, and only one, has a text");
  if (!text) return;
  check(hawser::utf8::is_valid(*text), "the text of a string is UTF-8");
  const auto quoted = hawser::json::quoted(*text);
  const auto again = hawser::json::validate(quoted);
  check(again && again->as_string() == *text, "a text survives being quoted");
}

void check_number(View value) {
  const auto integer = value.as_integer();
  const auto number = value.as_number();
  if (!integer) return;
  check(value.is(Kind::number), "only a number is an integer");
  check(number == static_cast<double>(*integer), "an integer is the same number");
}

/// Walks over everything and returns how deep it is nested.
std::size_t walk(View value, std::string_view text) {
  check(lies_within(value.raw(), text) && !value.raw().empty(), "a view is a slice of the text");
  check_string(value);
  check_number(value);
  check(value.as_boolean().has_value() == value.is(Kind::boolean),
        "a boolean, and only one, is true or false");
  std::size_t depth = 0;
  auto elements = value.elements();
  while (const auto element = elements.next()) depth = std::max(depth, walk(*element, value.raw()));
  auto members = value.members();
  while (const auto member = members.next()) {
    depth = std::max(depth, walk(member->value(), value.raw()));
    if (value.raw().size() > kSearched) continue;
    const auto found = value.find(member->name);
    check(found && found->raw().data() <= member->raw_value.data(), "find gives the first member of a name");
  }
  return value.is(Kind::array) || value.is(Kind::object) ? depth + 1 : depth;
}

void check_valid(View value, std::string_view text) {
  const auto depth = walk(value, text);
  check(depth <= hawser::limits::kMaxJsonDepth, "what is nested too deeply is refused");
  check(hawser::json::value_length(value.raw()) == value.raw().size(), "a value ends where it ends");
  check(hawser::json::validate(value.raw(), depth).has_value(), "a depth is allowed up to itself");
  check(depth == 0 || !hawser::json::validate(value.raw(), depth - 1), "a depth is refused above itself");
  const auto object = Object().raw("value", value.raw()).str();
  const auto outer = hawser::json::validate(object, depth + 1);
  check(outer && outer->find("value")->raw() == value.raw(), "a slice is relayed as it is");
}

/// The check without its fast path.
bool is_utf8_step_by_step(std::string_view text) {
  while (!text.empty()) {
    const auto length = hawser::utf8::sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

/// Hostile JSON is accepted or refused as a whole, and what is accepted reads the same in every way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = hawser::fuzz::text_of(data, size);
  if (const auto value = hawser::json::validate(text)) check_valid(*value, text);
  if (const auto length = hawser::json::value_length(text)) {
    check(*length <= size && hawser::json::validate(text.substr(0, *length)).has_value(),
          "the first value is valid by itself");
  }
  const bool is_utf8 = hawser::utf8::is_valid(text);
  check(is_utf8 == is_utf8_step_by_step(text), "the fast path of UTF-8 changes nothing");
  const auto object = Object().add(text, text).str();
  const auto read = hawser::json::validate(object);
  check(read.has_value(), "any bytes can be written as a string");
  if (is_utf8) check(read->find(text)->as_string() == text, "a text is written and read as it is");
  return 0;
}
