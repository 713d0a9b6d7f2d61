// Reading one value and checking it against its key.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "server/config_keys.h"

namespace hawser::server {
namespace {

std::string wanted(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::boolean: return "true or false";
    case KeyKind::integer: return fmt::format("a whole number from {} to {}", key.min, key.max);
    case KeyKind::list: return "a text or a list of texts";
    case KeyKind::text: break;
  }
  return key.choices.empty() ? "a text" : fmt::format("one of {}", fmt::join(key.choices, ", "));
}

/// What was found, for a message; a secret is never shown.
std::string found(const ConfigKey& key, const SettingValue& value) {
  if (key.secret) return "a value of another kind";
  if (const auto* text = std::get_if<std::string>(&value)) return json::quoted(text->substr(0, 80));
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::to_string(*integer);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return "a list";
}

bool fits(const ConfigKey& key, const SettingValue& value) {
  switch (key.kind) {
    case KeyKind::boolean: return std::holds_alternative<bool>(value);
    case KeyKind::list: return std::holds_alternative<std::vector<std::string>>(value);
    case KeyKind::integer: {
      const auto* integer = std::get_if<std::int64_t>(&value);
      return integer != nullptr && *integer >= key.min && *integer <= key.max;
    }
    case KeyKind::text: {
      const auto* text = std::get_if<std::string>(&value);
      return text != nullptr &&
             (key.choices.empty() || std::ranges::find(key.choices, *text) != key.choices.end());
    }
  }
  return false;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

/// A text that cannot be read as the key's kind stays a text, and is then refused as such.
SettingValue read_text(KeyKind kind, std::string_view text) {
  if (kind == KeyKind::list) return split_list(text);
  if (kind == KeyKind::boolean && (text == "true" || text == "1")) return true;
  if (kind == KeyKind::boolean && (text == "false" || text == "0")) return false;
  if (kind == KeyKind::integer) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
  }
  return std::string(text);
}

}  // namespace

Status apply(Config& config, const ConfigKey& key, const SettingValue& value, const std::string& source) {
  SettingValue actual = value;
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && key.kind == KeyKind::list) {
    actual = split_list(*text);
  }
  if (!fits(key, actual)) {
    return fail(Errc::config,
                fmt::format("{}: {} must be {}, not {}.", source, key.name, wanted(key), found(key, actual)));
  }
  if (const auto status = key.set(config, actual); !status) {
    return fail(Errc::config,
                fmt::format("{}: {} is not usable: {}", source, key.name, status.error().message));
  }
  config.sources[key.name] = source;
  return {};
}

Status apply_text(Config& config, const ConfigKey& key, std::string_view text, const std::string& source) {
  return apply(config, key, read_text(key.kind, text), source);
}

}  // namespace hawser::server
