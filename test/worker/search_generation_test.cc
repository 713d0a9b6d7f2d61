#include "worker/search_generation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "base/utf8.h"
#include "test/worker/search_fixture.h"
#include "worker/search_build.h"
#include "worker/search_query.h"

namespace hawser::worker {
namespace {

using testing::ElementsAre;
using testing::Pair;

class SearchGenerationTest : public testing::Test {
 protected:
  void build() {
    std::filesystem::create_directories(folder.data());
    const auto listing = list_files(folder.text(), "", {}, {});
    ASSERT_TRUE(listing);
    BuildProgress progress;
    const auto report = build_generation(path(), folder.text(), *listing, progress, {});
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(progress.files_done, listing->files.size());
    EXPECT_FALSE(std::filesystem::exists(path() + ".building"));
  }

  std::string path() const { return folder.data() + "/test.db"; }

  SearchGeneration open() const {
    auto generation = SearchGeneration::open(path());
    EXPECT_TRUE(generation) << generation.error().message;
    return std::move(*generation);
  }

  static RankedHits rank(const SearchGeneration& generation, std::string_view typed,
                         std::size_t limit = 1'000) {
    auto ranked = generation.rank(to_fts5_query(typed).value_or(""), limit, {});
    EXPECT_TRUE(ranked) << typed << ": " << ranked.error().message;
    return ranked ? *ranked : RankedHits{};
  }

  /// File and line of each hit, in order.
  static std::vector<std::pair<std::string, std::uint64_t>> places(const SearchGeneration& generation,
                                                                   std::string_view typed) {
    std::vector<std::pair<std::string, std::uint64_t>> all;
    for (const auto passage : rank(generation, typed).passages) {
      const auto hit = generation.load(*to_fts5_query(typed), passage);
      EXPECT_TRUE(hit);
      if (hit) all.emplace_back(hit->file, hit->line);
    }
    return all;
  }

  SearchFolder folder;
};

TEST_F(SearchGenerationTest, finds_words_and_phrases_with_exact_lines) {
  folder.write("a.txt", "one\ntwo\n\nthe mutex is\nfree\n\nfree the mutex\n");
  folder.write("b/c.md", "\xef\xbb\xbf# Title\r\n\r\nMUTEX\r\n");
  folder.write("binary", std::string("mutex\0", 6));
  build();
  const auto generation = open();
  EXPECT_THAT(places(generation, "mutex free"), ElementsAre(Pair("a.txt", 7), Pair("a.txt", 4)));
  EXPECT_THAT(places(generation, "\"is free\""), ElementsAre(Pair("a.txt", 4)));
  EXPECT_THAT(places(generation, "\"the mutex\" free"), ElementsAre(Pair("a.txt", 7), Pair("a.txt", 4)));
  EXPECT_EQ(places(generation, "mutex").size(), 3U);
  EXPECT_EQ(places(generation, "binary").size(), 0U);
  const auto hit = generation.load("\"mutex\"", rank(generation, "title").passages.at(0) + 1);
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->line, 3U);
  EXPECT_THAT(hit->snippet, ElementsAre("", "MUTEX", ""));
}

TEST_F(SearchGenerationTest, better_hits_come_first_and_equal_ones_by_file_and_line) {
  folder.write("b.txt", "rope among many other words that make this passage a long one\n");
  folder.write("a.txt", "rope\n\nnothing\n\nrope\n");
  folder.write("c.txt", "rope rope rope\n");
  build();
  EXPECT_THAT(places(open(), "rope"),
              ElementsAre(Pair("c.txt", 1), Pair("a.txt", 1), Pair("a.txt", 5), Pair("b.txt", 1)));
}

TEST_F(SearchGenerationTest, a_limit_gives_the_head_of_the_same_order) {
  folder.write_many("rope", 200);
  build();
  const auto generation = open();
  const auto all = rank(generation, "rope", 100'000);
  ASSERT_EQ(all.passages.size(), 500U);
  for (const std::size_t limit : {1U, 2U, 17U, 100U, 499U, 500U}) {
    const auto some = rank(generation, "rope", limit);
    EXPECT_EQ(some.found, 500U);
    EXPECT_EQ(some.passages,
              std::vector(all.passages.begin(), all.passages.begin() + static_cast<std::ptrdiff_t>(limit)));
  }
}

TEST_F(SearchGenerationTest, another_process_computes_the_same_order) {
  folder.write_many("rope", 100);
  build();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto ranked = rank(open(), "rope in line");
    const auto size = ranked.passages.size() * sizeof(std::int64_t);
    const auto written = ::write(ends[1], ranked.passages.data(), size);
    ::_exit(written == static_cast<ssize_t>(size) ? 0 : 1);
  }
  ::close(ends[1]);
  std::vector<std::int64_t> theirs(1'000);
  const auto size = ::read(ends[0], theirs.data(), theirs.size() * sizeof(std::int64_t));
  ::close(ends[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  theirs.resize(static_cast<std::size_t>(size) / sizeof(std::int64_t));
  EXPECT_GT(theirs.size(), 50U);
  EXPECT_EQ(theirs, rank(open(), "rope in line").passages);
}

TEST_F(SearchGenerationTest, equal_text_gives_an_equal_fingerprint_and_other_text_another) {
  folder.write("a.txt", "rope\n");
  build();
  const auto first = rank(open(), "rope").fingerprint;
  build();
  EXPECT_EQ(rank(open(), "rope").fingerprint, first);
  folder.write("a.txt", "rope!\n");
  build();
  EXPECT_NE(rank(open(), "rope").fingerprint, first);
}

TEST_F(SearchGenerationTest, no_query_is_an_error) {
  folder.write("a.txt", "NEAR the größe 日本語 std::vector AND mutex_lock text e\xcc\x81\n");
  build();
  const auto generation = open();
  std::string words;
  for (int i = 0; i < 500; ++i) words += "a ";
  const std::string phrase = "\"" + words + "\"";
  const std::pair<std::string, std::size_t> table[] = {
      {"NEAR(the größe, 1)", 0},
      {"near größe", 1},
      {"GRÖSSE", 0},
      {"GRÖßE", 1},
      {"AND", 1},
      {"AND OR NOT", 0},
      {"text:mutex", 0},
      {"mutex_lock", 1},
      {"std::vector", 1},
      {"vector::std", 0},
      {"std*", 1},
      {"st*", 0},
      {"日本語 🚢", 1},
      {"🚢", 0},
      {"é", 1},
      {"'\"", 0},
      {"mutex \"", 1},
      {"\"std vector", 1},
      {"a\"b\"c", 0},
      {"{text} : mutex", 1},
      {"^near + the", 1},
      {"the)", 1},
      {"?1 :x @y $z", 0},
      {words, 0},
      {phrase, 0},
      {std::string(1'000, 'x'), 0},
      {"\xff\xfe near", 1},
  };
  for (const auto& [typed, hits] : table) {
    const auto query = to_fts5_query(typed);
    if (!query) continue;
    const auto ranked = generation.rank(*query, 10, {});
    ASSERT_TRUE(ranked) << typed << ": " << ranked.error().message;
    EXPECT_EQ(ranked->passages.size(), hits) << typed;
    for (const auto passage : ranked->passages) EXPECT_TRUE(generation.load(*query, passage)) << typed;
  }
}

TEST_F(SearchGenerationTest, snippets_are_whole_characters) {
  std::string text;
  for (int i = 0; i < 150; ++i)
    text += "übergröße日本🚢" + std::string(static_cast<std::size_t>(i % 7), 'x') + " ";
  folder.write("a.txt", text + "tau " + text);
  build();
  const auto generation = open();
  const auto ranked = rank(generation, "tau");
  ASSERT_EQ(ranked.passages.size(), 1U);
  const auto hit = generation.load("\"tau\"", ranked.passages[0]);
  ASSERT_TRUE(hit);
  ASSERT_EQ(hit->snippet.size(), 3U);
  EXPECT_EQ(hit->snippet[1], "tau");
  for (const auto& part : hit->snippet) EXPECT_TRUE(utf8::is_valid(part));
}

TEST_F(SearchGenerationTest, a_stopped_ranking_ends_and_the_generation_stays_usable) {
  folder.write_many("rope", 20);
  build();
  const auto generation = open();
  std::stop_source source;
  source.request_stop();
  const auto ranked = generation.rank("\"rope\"", 10, source.get_token());
  ASSERT_FALSE(ranked);
  EXPECT_EQ(ranked.error().code, Errc::shutting_down);
  EXPECT_EQ(rank(generation, "rope", 10).passages.size(), 10U);
}

TEST_F(SearchGenerationTest, knows_the_folder_it_was_built_from) {
  folder.write("a.txt", "rope\n");
  folder.write("b.txt", "rope\n");
  build();
  const auto matches = [&] { return open().matches(*list_files(folder.text(), "", {}, {})).value(); };
  EXPECT_TRUE(matches());
  folder.write("b.txt", "ropf\n");
  EXPECT_FALSE(matches());
  std::filesystem::remove(folder.text() + "/b.txt");
  EXPECT_FALSE(matches());
}

TEST_F(SearchGenerationTest, files_that_are_no_generation_are_corrupt) {
  std::filesystem::create_directories(folder.data());
  std::ofstream(path()) << "this is not a database, and longer than a header of one, which has 100 bytes....";
  EXPECT_EQ(SearchGeneration::open(path()).error().code, Errc::corrupt);
  std::filesystem::resize_file(path(), 0);
  EXPECT_EQ(SearchGeneration::open(path()).error().code, Errc::corrupt);
  EXPECT_EQ(SearchGeneration::open(folder.data() + "/none.db").error().code, Errc::unavailable);
}

TEST_F(SearchGenerationTest, paths_with_the_marks_of_a_uri_are_opened) {
  folder.write("a.txt", "rope\n");
  build();
  const auto odd = folder.data() + "/100% odd?name#1.db";
  std::filesystem::rename(path(), odd);
  EXPECT_TRUE(SearchGeneration::open(odd));
}

TEST_F(SearchGenerationTest, a_stopped_build_leaves_nothing) {
  folder.write_many("rope", 20);
  std::filesystem::create_directories(folder.data());
  const auto listing = list_files(folder.text(), "", {}, {});
  std::stop_source source;
  source.request_stop();
  BuildProgress progress;
  const auto report = build_generation(path(), folder.text(), *listing, progress, source.get_token());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::shutting_down);
  EXPECT_TRUE(std::filesystem::is_empty(folder.data()));
}

}  // namespace
}  // namespace hawser::worker
