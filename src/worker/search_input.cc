#include "worker/search_input.h"

#include <fmt/core.h>

#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "worker/search_query.h"

namespace hawser::worker {
namespace {

// One hit in ten seconds to a hit every tenth of a millisecond: what sleeping can keep.
constexpr double kMinRate = 0.1;
constexpr double kMaxRate = 10'000;

Result<std::string> parse_query(const json::View& input) {
  const auto text = input.find_string("query");
  if (!text) return fail(Errc::bad_request, "The search needs a \"query\": the words to find, as a string.");
  if (text->size() > limits::kMaxSearchQueryBytes) {
    return fail(Errc::bad_request,
                fmt::format("The \"query\" is longer than {} bytes.", limits::kMaxSearchQueryBytes));
  }
  auto query = to_fts5_query(*text);
  if (!query) return fail(Errc::bad_request, "The \"query\" has no word to search for.");
  return std::move(*query);
}

Result<std::uint64_t> parse_limit(const json::View& limit) {
  const auto value = limit.as_integer();
  if (value && *value >= 1 && std::cmp_less_equal(*value, limits::kMaxSearchHits)) {
    return static_cast<std::uint64_t>(*value);
  }
  return fail(Errc::bad_request,
              fmt::format("The \"limit\" must be an integer from 1 to {}.", limits::kMaxSearchHits));
}

Result<double> parse_rate(const json::View& rate) {
  const auto value = rate.as_number();
  if (value && *value >= kMinRate && *value <= kMaxRate) return *value;
  return fail(Errc::bad_request,
              fmt::format("The \"ratePerSecond\" must be a number from {} to {}.", kMinRate, kMaxRate));
}

}  // namespace

Result<SearchInput> parse_search_input(std::string_view input) {
  const auto value = json::validate(input);
  if (!value) return std::unexpected(value.error());
  if (!value->is(json::Kind::object)) {
    return fail(Errc::bad_request, "The input of a search is an object with a \"query\".");
  }
  auto query = parse_query(*value);
  if (!query) return std::unexpected(query.error());
  SearchInput parsed;
  parsed.query = std::move(*query);
  if (const auto member = value->find("limit")) {
    const auto limit = parse_limit(*member);
    if (!limit) return std::unexpected(limit.error());
    parsed.limit = *limit;
  }
  if (const auto member = value->find("ratePerSecond")) {
    const auto rate = parse_rate(*member);
    if (!rate) return std::unexpected(rate.error());
    parsed.rate_per_second = *rate;
  }
  return parsed;
}

}  // namespace hawser::worker
