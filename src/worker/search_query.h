#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hawser::worker {

/// Turns what a person typed into an FTS5 expression: all words must occur, and what stands in double
/// quotes must occur as a phrase (a missing closing quote is forgiven). Nothing the person types is an
/// operator: each term becomes an FTS5 string, so there is no query that is a syntax error.
/// Nothing when the text holds no word at all.
std::optional<std::string> to_fts5_query(std::string_view text);

}  // namespace hawser::worker
