#include "worker/search_snippet.h"

#include <algorithm>

namespace hawser::worker {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Match {
  std::size_t begin = 0;  ///< in characters
  std::size_t end = 0;
  std::size_t line = 0;
};

/// A passage on one line, with the byte at which each of its characters begins.
struct Line {
  std::string text;
  std::vector<std::size_t> offsets;
  std::vector<Match> matches;

  std::size_t size() const { return offsets.size(); }
  std::size_t byte(std::size_t character) const {
    return character < offsets.size() ? offsets[character] : text.size();
  }
  bool is_space(std::size_t character) const { return text[offsets[character]] == ' '; }
  std::string slice(std::size_t begin, std::size_t end) const {
    return text.substr(byte(begin), byte(end) - byte(begin));
  }
};

bool is_blank(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

void append(Line& line, char c) {
  if (is_blank(c)) {
    if (line.text.empty() || line.text.back() == ' ') return;
    c = ' ';
  }
  if (!is_continuation(c)) line.offsets.push_back(line.text.size());
  line.text += c;
}

Line flatten(std::string_view marked) {
  Line line;
  std::size_t breaks = 0;
  for (const char c : marked) {
    if (c == kMatchBegin) {
      line.matches.push_back({line.size(), line.size(), breaks});
    } else if (c == kMatchEnd) {
      if (!line.matches.empty()) line.matches.back().end = line.size();
    } else {
      if (c == '\n') ++breaks;
      append(line, c);
    }
  }
  if (line.text.ends_with(' ')) {
    line.text.pop_back();
    line.offsets.pop_back();
  }
  return line;
}

struct Window {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// From the start of one match to the end of the last one that still fits.
Window densest(const std::vector<Match>& matches) {
  Window best;
  std::size_t most = 0;
  std::size_t last = 0;
  for (std::size_t first = 0; first < matches.size(); ++first) {
    last = std::max(last, first);
    const auto limit = matches[first].begin + kSnippetCharacters;
    while (last + 1 < matches.size() && matches[last + 1].end <= limit) ++last;
    if (last - first + 1 <= most) continue;
    most = last - first + 1;
    best = {matches[first].begin, std::min(matches[last].end, limit)};
  }
  return best;
}

/// Adds what surrounds the matches, equally on both sides where both sides have enough, in whole words.
Window widen(const Line& line, Window core) {
  const auto spare = kSnippetCharacters - (core.end - core.begin);
  auto before = std::min(core.begin, spare / 2);
  const auto after = std::min(line.size() - core.end, spare - before);
  before = std::min(core.begin, spare - after);
  Window wide{core.begin - before, core.end + after};
  if (wide.begin > 0) {
    auto word = wide.begin;
    while (word < core.begin && !line.is_space(word)) ++word;
    if (word < core.begin) wide.begin = word + 1;
  }
  if (wide.end < line.size()) {
    auto word = wide.end;
    while (word > core.end && !line.is_space(word)) --word;
    if (word > core.end) wide.end = word;
  }
  return wide;
}

}  // namespace

Snippet make_snippet(std::string_view marked) {
  const auto line = flatten(marked);
  const auto window = widen(line, densest(line.matches));
  Snippet snippet;
  std::string plain(window.begin > 0 ? kEllipsis : "");
  auto at = window.begin;
  for (const auto& match : line.matches) {
    const auto begin = std::max(match.begin, at);
    const auto end = std::min(match.end, window.end);
    if (match.begin < window.begin || begin >= end) continue;
    if (snippet.parts.empty()) snippet.line_offset = match.line;
    snippet.parts.push_back(plain + line.slice(at, begin));
    snippet.parts.push_back(line.slice(begin, end));
    plain.clear();
    at = end;
  }
  plain += line.slice(at, window.end);
  if (window.end < line.size()) plain += kEllipsis;
  snippet.parts.push_back(std::move(plain));
  return snippet;
}

}  // namespace hawser::worker
