#include "base/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace hawser::json {
namespace {

// Everything here walks text that `validate` accepted, so it only needs to find ends, not errors.

void skip_space(std::string_view& text) {
  const auto at = text.find_first_not_of(" \t\n\r");
  text.remove_prefix(at == std::string_view::npos ? text.size() : at);
}

std::size_t string_end(std::string_view text) {
  std::size_t i = 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

std::size_t container_end(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      i += string_end(text.substr(i));
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return i + 1;
    ++i;
  }
  return text.size();
}

std::size_t value_end(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == '"') return string_end(text);
  if (text[0] == '{' || text[0] == '[') return container_end(text);
  return std::min(text.find_first_of(",]} \t\n\r"), text.size());
}

/// Takes the value at the start of `rest` and the separator behind it.
std::string_view take_value(std::string_view& rest) {
  const auto value = rest.substr(0, value_end(rest));
  rest.remove_prefix(value.size());
  skip_space(rest);
  if (!rest.empty() && (rest[0] == ',' || rest[0] == ':')) rest.remove_prefix(1);
  skip_space(rest);
  return value;
}

/// What stands between the brackets of a container.
std::string_view inside(std::string_view container) {
  if (container.size() < 2) return {};
  container = container.substr(1, container.size() - 2);
  skip_space(container);
  return container;
}

std::uint32_t hex4(std::string_view text) {
  std::uint32_t value = 0;
  const auto digits = text.substr(0, 4);
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

/// Decodes the escape behind a backslash and returns how many characters it took.
std::size_t append_escape(std::string& out, std::string_view text) {
  switch (text[0]) {
    case 'b': out += '\b'; return 1;
    case 'f': out += '\f'; return 1;
    case 'n': out += '\n'; return 1;
    case 'r': out += '\r'; return 1;
    case 't': out += '\t'; return 1;
    case 'u': break;
    default: out += text[0]; return 1;
  }
  const auto high = hex4(text.substr(1));
  const bool has_pair =
      high >= 0xd800 && high <= 0xdbff && text.size() >= 11 && text[5] == '\\' && text[6] == 'u';
  const auto low = has_pair ? hex4(text.substr(7)) : 0;
  if (low >= 0xdc00 && low <= 0xdfff) {
    utf8::append(out, 0x10000 + ((high - 0xd800) << 10U) + (low - 0xdc00));
    return 11;
  }
  utf8::append(out, high);
  return 5;
}

std::string unescape(std::string_view quoted_text) {
  const auto text = quoted_text.substr(1, quoted_text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      i += 1 + append_escape(out, text.substr(i + 1));
    } else {
      out += text[i++];
    }
  }
  return out;
}

template <class T>
std::optional<T> parse_whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Kind View::kind() const {
  switch (text_.empty() ? 'n' : text_[0]) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::string;
    case 't':
    case 'f': return Kind::boolean;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

std::optional<View> View::find(std::string_view name) const {
  if (!is(Kind::object)) return std::nullopt;
  auto rest = inside(text_);
  while (!rest.empty()) {
    const auto key = take_value(rest);
    const auto value = take_value(rest);
    const bool plain = key.find('\\') == std::string_view::npos;
    if (plain ? key.substr(1, key.size() - 2) == name : unescape(key) == name) return View(value);
  }
  return std::nullopt;
}

std::optional<std::string> View::find_string(std::string_view name) const {
  const auto member = find(name);
  return member ? member->as_string() : std::nullopt;
}

std::optional<std::string> View::as_string() const {
  if (!is(Kind::string)) return std::nullopt;
  return unescape(text_);
}

std::optional<std::int64_t> View::as_integer() const {
  if (!is(Kind::number)) return std::nullopt;
  return parse_whole<std::int64_t>(text_);
}

std::optional<double> View::as_number() const {
  if (!is(Kind::number)) return std::nullopt;
  return parse_whole<double>(text_);
}

std::optional<bool> View::as_boolean() const {
  if (!is(Kind::boolean)) return std::nullopt;
  return text_ == "true";
}

View::Elements View::elements() const {
  return Elements(is(Kind::array) ? inside(text_) : std::string_view());
}

std::optional<View> View::Elements::next() {
  if (rest_.empty()) return std::nullopt;
  return View(take_value(rest_));
}

View::Members View::members() const {
  return Members(is(Kind::object) ? inside(text_) : std::string_view());
}

std::optional<View::Member> View::Members::next() {
  if (rest_.empty()) return std::nullopt;
  auto name = unescape(take_value(rest_));
  const auto value = take_value(rest_);
  return Member{std::move(name), value};
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const auto length = utf8::sequence_length(text.substr(i));
      if (length == 0) {
        out += "\xEF\xBF\xBD";
        ++i;
      } else {
        out.append(text.substr(i, length));
        i += length;
      }
      continue;
    }
    ++i;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c >= 0x20 && c != 0x7f) {
          out += static_cast<char>(c);
        } else {
          out += "\\u00";
          out += kHex[c >> 4U];
          out += kHex[c & 0x0fU];
        }
    }
  }
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_string(out, text);
  return out;
}

std::string array_of(std::span<const std::string> texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ',';
    append_string(out, text);
  }
  return out + "]";
}

void Object::key(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  append_string(out_, name);
  out_ += ':';
}

Object& Object::add(std::string_view name, std::string_view value) {
  key(name);
  append_string(out_, value);
  return *this;
}

Object& Object::add(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

Object& Object::add(std::string_view name, std::int64_t value) {
  return raw(name, fmt::format_int(value).c_str());
}

Object& Object::add(std::string_view name, std::uint64_t value) {
  return raw(name, fmt::format_int(value).c_str());
}

Object& Object::add(std::string_view name, double value) {
  return raw(name, std::isfinite(value) ? fmt::format("{}", value) : "null");
}

Object& Object::raw(std::string_view name, std::string_view json) {
  key(name);
  out_ += json;
  return *this;
}

std::string Object::str() {
  out_ += '}';
  return std::move(out_);
}

}  // namespace hawser::json
