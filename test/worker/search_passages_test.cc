#include "worker/search_passages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace hawser::worker {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using Passages = std::vector<std::pair<std::size_t, std::string>>;

Passages split(std::string_view text) {
  Passages passages;
  const auto status = for_each_passage(text, [&](std::size_t line, std::string_view passage) -> Status {
    passages.emplace_back(line, passage);
    return {};
  });
  EXPECT_TRUE(status);
  return passages;
}

TEST(SearchPassages, paragraphs_end_at_blank_lines) {
  EXPECT_THAT(split(""), IsEmpty());
  EXPECT_THAT(split("\n \n\r\n"), IsEmpty());
  EXPECT_THAT(split("a"), ElementsAre(Pair(1, "a")));
  EXPECT_THAT(split("a\nb\n"), ElementsAre(Pair(1, "a\nb\n")));
  EXPECT_THAT(split("\n\na\nb\n \t\r\nc"), ElementsAre(Pair(3, "a\nb\n"), Pair(6, "c")));
}

TEST(SearchPassages, long_paragraphs_are_cut_at_lines) {
  std::string text;
  for (std::size_t i = 0; i < 2 * kPassageLines + 1; ++i) text += "x\n";
  const auto passages = split(text);
  ASSERT_EQ(passages.size(), 3U);
  EXPECT_EQ(passages[1].first, kPassageLines + 1);
  EXPECT_EQ(passages[2], std::pair(2 * kPassageLines + 1, "x\n"s));
}

TEST(SearchPassages, a_long_line_is_cut_between_words_and_keeps_its_number) {
  std::string text = "first\n";
  for (int i = 0; i < 1'000; ++i) text += "word ";
  text += "\nlast\n";
  const auto passages = split(text);
  ASSERT_GE(passages.size(), 4U);
  EXPECT_EQ(passages[0], std::pair(1UL, "first\n"s));
  for (std::size_t i = 1; i < passages.size(); ++i) {
    EXPECT_EQ(passages[i].first, 2U);
    EXPECT_TRUE(passages[i].second.starts_with("word "));
  }
  EXPECT_TRUE(passages.back().second.ends_with("\nlast\n"));
}

TEST(SearchPassages, a_line_without_spaces_is_cut_between_characters) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "日";
  std::string joined;
  for (const auto& [line, passage] : split(text)) {
    EXPECT_TRUE(utf8::is_valid(passage));
    EXPECT_LE(passage.size(), kPassageBytes);
    joined += passage;
  }
  EXPECT_EQ(joined, text);
}

TEST(SearchPassages, the_first_failure_ends_it) {
  int calls = 0;
  const auto status = for_each_passage("a\n\nb", [&](std::size_t, std::string_view) -> Status {
    ++calls;
    return fail(Errc::storage_full, "full");
  });
  EXPECT_EQ(status.error().code, Errc::storage_full);
  EXPECT_EQ(calls, 1);
}

TEST(SearchPassages, binaries_are_no_text_and_a_few_broken_bytes_are_forgiven) {
  EXPECT_EQ(as_text("plain\n"), "plain\n");
  EXPECT_EQ(as_text("\xef\xbb\xbf"
                    "marked"),
            "marked");
  EXPECT_EQ(as_text("\x7f"
                    "ELF\0\0"s),
            std::nullopt);
  EXPECT_EQ(as_text("Andr\xe9 wrote this"), "Andr\xef\xbf\xbd wrote this");
  EXPECT_EQ(as_text("\xff\xfe\x80\x81\x82"), std::nullopt);
  EXPECT_EQ(as_text(std::string(1'000, '\xe9')), std::nullopt);
}

}  // namespace
}  // namespace hawser::worker
