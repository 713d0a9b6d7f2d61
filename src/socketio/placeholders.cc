#include "socketio/placeholders.h"

#include <algorithm>
#include <cstdint>

#include "base/json.h"

namespace hawser::socketio {
namespace {

/// Walks validated text; recursion is bounded by the nesting that validation allowed.
class Walker {
 public:
  Walker(std::string_view json, std::size_t attachments) : rest_(json), attachments_(attachments) {}

  bool value() {
    skip_space();
    switch (rest_.empty() ? '\0' : rest_[0]) {
      case '{': return object();
      case '[': return array();
      case '"': take_string(); return true;
      default: rest_.remove_prefix(std::min(rest_.find_first_of(",]} \t\n\r"), rest_.size())); return true;
    }
  }

 private:
  bool array() {
    rest_.remove_prefix(1);
    while (!at_end(']')) {
      if (!value()) return false;
    }
    return true;
  }

  bool object() {
    rest_.remove_prefix(1);
    bool is_placeholder = false;
    bool names_attachment = false;
    while (!at_end('}')) {
      const json::View key(take_string());
      skip_space();
      rest_.remove_prefix(1);  // the colon
      skip_space();
      const auto before = rest_;
      if (!value()) return false;
      const json::View member(before.substr(0, before.size() - rest_.size()));
      // JSON.parse keeps the last of two members of one name, so later ones overwrite here too.
      if (is_name(key, "_placeholder")) is_placeholder = member.raw() == "true";
      if (is_name(key, "num")) names_attachment = is_attachment(member);
    }
    return !is_placeholder || names_attachment;
  }

  static bool is_name(json::View key, std::string_view name) {
    if (key.raw().find('\\') == std::string_view::npos)
      return key.raw().substr(1, key.raw().size() - 2) == name;
    return key.as_string() == name;
  }

  bool is_attachment(json::View number) const {
    const auto index = number.as_integer();
    return index && *index >= 0 && static_cast<std::uint64_t>(*index) < attachments_;
  }

  /// Skips white space and one comma; takes the closing bracket if it is next.
  bool at_end(char bracket) {
    skip_space();
    if (!rest_.empty() && rest_[0] == ',') {
      rest_.remove_prefix(1);
      skip_space();
    }
    if (rest_.empty()) return true;
    if (rest_[0] != bracket) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_string() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    const auto text = rest_.substr(0, end + 1);
    rest_.remove_prefix(text.size());
    return text;
  }

  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size())); }

  std::string_view rest_;
  std::size_t attachments_;
};

}  // namespace

bool placeholders_are_valid(std::string_view json, std::size_t attachments) {
  return Walker(json, attachments).value();
}

}  // namespace hawser::socketio
