#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::worker {

/// Marks around each match in a passage: bytes that never occur in UTF-8.
inline constexpr char kMatchBegin = '\xfe';
inline constexpr char kMatchEnd = '\xff';

/// What is shown of a hit: plain, match, plain, match, …, plain. Joined, it is one line of text.
struct Snippet {
  std::vector<std::string> parts;
  /// Line breaks of the passage before the first match that is shown.
  std::size_t line_offset = 0;
};

/// Characters (code points) of a snippet: two lines of a terminal, enough to judge a hit.
inline constexpr std::size_t kSnippetCharacters = 240;

/// Cuts the part of a marked passage that shows the most matches, the first of equals. White space and
/// control characters become single spaces; a cut is shown as "…" and is never inside a character.
Snippet make_snippet(std::string_view marked);

}  // namespace hawser::worker
