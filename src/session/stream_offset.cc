#include "session/stream_offset.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/limits.h"

namespace hawser::session {
namespace {

/// The digits at the front of `text`, which are removed.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

/// `;job:sequence` at the front of `text`, which is removed.
std::optional<StreamOffset::Cursor> take_cursor(std::string_view& text) {
  const auto colon = text.find(':');
  if (!text.starts_with(';') || colon == std::string_view::npos) return std::nullopt;
  const auto job = JobId::parse(text.substr(1, colon - 1));
  text.remove_prefix(colon + 1);
  const auto sequence = take_number(text);
  if (!job || !sequence) return std::nullopt;
  return StreamOffset::Cursor{*job, *sequence};
}

}  // namespace

std::string format_offset(std::string_view incarnation, const StreamOffset& offset) {
  auto text = fmt::format("{}.{}", incarnation, offset.position);
  for (const auto& [job, sequence] : offset.listed) {
    fmt::format_to(std::back_inserter(text), ";{}:{}", job.to_string(), sequence);
  }
  return text;
}

std::optional<StreamOffset> parse_offset(std::string_view incarnation, std::string_view text) {
  if (!text.starts_with(incarnation) || !text.substr(incarnation.size()).starts_with('.'))
    return std::nullopt;
  text.remove_prefix(incarnation.size() + 1);
  const auto position = take_number(text);
  if (!position) return std::nullopt;
  StreamOffset offset{.position = *position, .listed = {}};
  while (!text.empty()) {
    const auto cursor = take_cursor(text);
    if (!cursor || offset.listed.size() >= limits::kMaxCatchUps) return std::nullopt;
    const bool repeated =
        std::ranges::find(offset.listed, cursor->job, &StreamOffset::Cursor::job) != offset.listed.end();
    if (repeated) return std::nullopt;
    offset.listed.push_back(*cursor);
  }
  return offset;
}

}  // namespace hawser::session
