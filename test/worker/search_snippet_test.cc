#include "worker/search_snippet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "base/utf8.h"

namespace hawser::worker {
namespace {

using testing::ElementsAre;

/// `[` and `]` stand for the marks.
std::string marked(std::string text) {
  std::ranges::replace(text, '[', kMatchBegin);
  std::ranges::replace(text, ']', kMatchEnd);
  return text;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string joined(const Snippet& snippet) {
  std::string text;
  for (const auto& part : snippet.parts) text += part;
  return text;
}

TEST(SearchSnippet, plain_and_match_take_turns) {
  EXPECT_THAT(make_snippet(marked("the [rope] holds the [ship] tight")).parts,
              ElementsAre("the ", "rope", " holds the ", "ship", " tight"));
  EXPECT_THAT(make_snippet(marked("[rope][ship]")).parts, ElementsAre("", "rope", "", "ship", ""));
  EXPECT_THAT(make_snippet("no match").parts, ElementsAre("no match"));
  EXPECT_THAT(make_snippet("").parts, ElementsAre(""));
}

TEST(SearchSnippet, white_space_and_control_characters_become_single_spaces) {
  EXPECT_THAT(make_snippet(marked("\t a\r\n\x01\x1b  [b\n c] \n")).parts, ElementsAre("a ", "b c", ""));
}

TEST(SearchSnippet, the_line_is_that_of_the_first_match_that_is_shown) {
  EXPECT_EQ(make_snippet(marked("[a]\nb\nc")).line_offset, 0U);
  EXPECT_EQ(make_snippet(marked("a\nb\n[c]\n[d]")).line_offset, 2U);
  const std::string far(400, 'x');
  EXPECT_EQ(make_snippet(marked("[a]\n" + far + "\n[b] [c]")).line_offset, 2U);
}

TEST(SearchSnippet, shows_the_densest_part_in_whole_words_with_ellipses) {
  std::string text = "[early] ";
  for (int i = 0; i < 100; ++i) text += "filler ";
  text += "[one] and [two] ";
  for (int i = 0; i < 100; ++i) text += "filler ";
  const auto snippet = make_snippet(marked(text));
  ASSERT_EQ(snippet.parts.size(), 5U);
  EXPECT_TRUE(snippet.parts[0].starts_with("…filler "));
  EXPECT_EQ(snippet.parts[1], "one");
  EXPECT_EQ(snippet.parts[3], "two");
  EXPECT_TRUE(snippet.parts[4].ends_with(" filler…"));
  EXPECT_LE(characters(joined(snippet)), kSnippetCharacters + 2);
  EXPECT_GE(characters(joined(snippet)), kSnippetCharacters - 20);
}

TEST(SearchSnippet, a_match_longer_than_the_snippet_is_cut) {
  const auto snippet = make_snippet(marked("a [" + std::string(500, 'x') + "] b"));
  EXPECT_THAT(snippet.parts, ElementsAre("…", std::string(kSnippetCharacters, 'x'), "…"));
}

TEST(SearchSnippet, never_cuts_a_character_whatever_the_text) {
  std::mt19937 random(1);
  const std::string pieces[] = {"a", "ü", "日", "🚢", " ", "\n", "e\u0301", "word "};
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    bool open = false;
    for (auto length = random() % 600; length > 0; --length) {
      if (random() % 20 == 0) {
        text += open ? kMatchEnd : kMatchBegin;
        open = !open;
      }
      text += pieces[random() % std::size(pieces)];
    }
    if (open) text += kMatchEnd;
    const auto snippet = make_snippet(text);
    EXPECT_EQ(snippet.parts.size() % 2, 1U);
    for (const auto& part : snippet.parts) ASSERT_TRUE(utf8::is_valid(part));
    ASSERT_LE(characters(joined(snippet)), kSnippetCharacters + 2);
  }
}

}  // namespace
}  // namespace hawser::worker
