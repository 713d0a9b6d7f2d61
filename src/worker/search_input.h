#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hawser::worker {

/// The input of a `search` job: {query, limit?, ratePerSecond?}.
struct SearchInput {
  std::string query;  ///< as an FTS5 expression
  std::uint64_t limit = 100;
  std::optional<double> rate_per_second;  ///< without it, as fast as the log takes them
};

/// Errors: bad_request, with a sentence that names the field and what it may be.
Result<SearchInput> parse_search_input(std::string_view input);

}  // namespace hawser::worker
