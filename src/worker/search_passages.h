#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hawser::worker {

/// A passage is what a search finds: a paragraph, or a part of one that has at most so many lines and
/// bytes. Words of a query must occur in the same passage, and may be on different lines of it.
inline constexpr std::size_t kPassageLines = 16;
inline constexpr std::size_t kPassageBytes = 2'048;

/// The file's bytes as UTF-8 text without byte order mark, or nothing for a file that is no text: one with
/// a NUL byte or with more than one broken sequence in a hundred bytes. A few broken ones (an old Latin-1
/// name in a list of authors) become U+FFFD.
std::optional<std::string> as_text(std::string bytes);

/// Calls `take(line, passage)` for each passage in order; lines count from 1. A line that is longer than a
/// passage is cut between words or at least between characters, and each piece has its line number.
/// The first failure ends it.
Status for_each_passage(std::string_view text,
                        const std::function<Status(std::size_t line, std::string_view passage)>& take);

}  // namespace hawser::worker
