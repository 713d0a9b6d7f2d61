#include "worker/search_query.h"

#include <algorithm>

namespace hawser::worker {
namespace {

bool is_space(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

/// Punctuation alone is no word. Whether a character outside ASCII is one, only FTS5's tables know.
bool may_be_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Control characters, NUL above all, would end the expression early.
void append_term(std::string& query, std::string_view term) {
  if (!std::ranges::any_of(term, may_be_word)) return;
  if (!query.empty()) query += ' ';
  query += '"';
  for (const char c : term) query += is_space(c) ? ' ' : c;
  query += '"';
}

}  // namespace

std::optional<std::string> to_fts5_query(std::string_view text) {
  std::string query;
  bool quoted = false;
  while (!text.empty()) {
    // Inside quotes a term reaches to the next quote, outside also to the next space.
    const auto end = std::ranges::find_if(text, [&](char c) { return c == '"' || (!quoted && is_space(c)); });
    const auto length = static_cast<std::size_t>(end - text.begin());
    append_term(query, text.substr(0, length));
    if (end == text.end()) break;
    if (*end == '"') quoted = !quoted;
    text.remove_prefix(length + 1);
  }
  if (query.empty()) return std::nullopt;
  return query;
}

}  // namespace hawser::worker
