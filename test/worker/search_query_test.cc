#include "worker/search_query.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::worker {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view typed;
  std::string_view expected;
};

TEST(SearchQuery, each_term_becomes_an_escaped_string) {
  const Case cases[] = {
      {"mutex", R"("mutex")"},
      {"  mutex\tlock\n", R"("mutex" "lock")"},
      {R"("mutex lock" free)", R"("mutex lock" "free")"},
      {R"(free "mutex lock)", R"("free" "mutex lock")"},
      {R"(foo"bar baz"qux)", R"("foo" "bar baz" "qux")"},
      {R"("" mutex "")", R"("mutex")"},
      {"a AND NOT b OR NEAR(c d, 2)", R"~("a" "AND" "NOT" "b" "OR" "NEAR(c" "d," "2)")~"},
      {"text:mutex ^lock* -free", R"("text:mutex" "^lock*" "-free")"},
      {"std::vector<int>& + 'x'; DROP TABLE--", R"("std::vector<int>&" "'x';" "DROP" "TABLE--")"},
      {"mutex\0lock"sv, R"("mutex" "lock")"},
      {"\"mutex\0lock\""sv, R"("mutex lock")"},
      {"größe 日本語 🚢", R"("größe" "日本語" "🚢")"},
      {"a * b", R"("a" "b")"},
  };
  for (const auto& c : cases) EXPECT_EQ(to_fts5_query(c.typed).value_or("nothing"), c.expected) << c.typed;
}

TEST(SearchQuery, text_without_a_word_is_no_query) {
  for (const auto typed : {""sv, "   "sv, "\"\""sv, "* - ^ ( )"sv, "\0\x01"sv, "\"...\" !"sv}) {
    EXPECT_FALSE(to_fts5_query(typed)) << typed;
  }
}

}  // namespace
}  // namespace hawser::worker
