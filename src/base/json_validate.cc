#include <fmt/format.h>

#include <string_view>

#include "base/json.h"
#include "base/utf8.h"

namespace hawser::json {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Recursive descent over RFC 8259; the depth limit bounds the stack.
class Validator {
 public:
  Validator(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool value(std::size_t depth) {
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '{': return depth < max_depth_ && object(depth + 1);
      case '[': return depth < max_depth_ && array(depth + 1);
      case '"': return string();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  std::size_t at() const { return at_; }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool literal(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool digits() {
    const auto start = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    return at_ > start;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    return true;
  }

  bool escape() {
    if (at_ >= text_.size()) return false;
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
    if (text_.size() - at_ < 4) return false;
    for (int i = 0; i < 4; ++i) {
      if (!is_hex(text_[at_++])) return false;
    }
    return true;
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c == '\\') {
        ++at_;
        if (!escape()) return false;
      } else if (c < 0x20) {
        return false;
      } else if (c < 0x80) {
        ++at_;
      } else {
        const auto length = utf8::sequence_length(text_.substr(at_));
        if (length == 0) return false;
        at_ += length;
      }
    }
    return false;
  }

  bool array(std::size_t depth) {
    ++at_;
    skip_space();
    if (take(']')) return true;
    while (true) {
      skip_space();
      if (!value(depth)) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return false;
    }
  }

  bool object(std::size_t depth) {
    ++at_;
    skip_space();
    if (take('}')) return true;
    while (true) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"' || !string()) return false;
      skip_space();
      if (!take(':')) return false;
      skip_space();
      if (!value(depth)) return false;
      skip_space();
      if (take('}')) return true;
      if (!take(',')) return false;
    }
  }

  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
};

std::unexpected<Error> invalid(std::size_t at) {
  return fail(Errc::bad_request, fmt::format("not valid JSON at byte {} (or nested too deeply)", at));
}

}  // namespace

Result<std::size_t> value_length(std::string_view text, std::size_t max_depth) {
  Validator validator(text, max_depth);
  if (!validator.value(0)) return invalid(validator.at());
  return validator.at();
}

Result<View> validate(std::string_view text, std::size_t max_depth) {
  Validator validator(text, max_depth);
  validator.skip_space();
  const auto begin = validator.at();
  if (!validator.value(0)) return invalid(validator.at());
  const auto end = validator.at();
  validator.skip_space();
  if (validator.at() != text.size()) return invalid(validator.at());
  return View(text.substr(begin, end - begin));
}

}  // namespace hawser::json
