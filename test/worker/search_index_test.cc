#include "worker/search_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "test/worker/search_fixture.h"

namespace hawser::worker {
namespace {

using testing::HasSubstr;

std::uint64_t number_of(const GenerationPin& pin) {
  return pin ? pin->number : 0;
}

class SearchIndexTest : public testing::Test {
 protected:
  /// As a start of the server does it: the number of the generation after the folder was looked at.
  std::uint64_t restart() {
    SearchIndex index(folder.text(), folder.data());
    EXPECT_TRUE(index.refresh({}));
    return number_of(index.current());
  }

  bool exists(int number) const { return std::filesystem::exists(folder.generation(number)); }

  SearchFolder folder;
};

TEST_F(SearchIndexTest, the_first_refresh_builds_the_first_generation) {
  folder.write("a.txt", "rope\n");
  SearchIndex index(folder.text(), folder.data());
  EXPECT_EQ(index.current(), nullptr);
  EXPECT_EQ(index.failure(), std::nullopt);
  ASSERT_TRUE(index.refresh({}));
  EXPECT_EQ(number_of(index.current()), 1U);
  EXPECT_EQ(index.progress(), std::pair(std::uint64_t{1}, std::uint64_t{1}));
}

TEST_F(SearchIndexTest, an_unchanged_folder_is_not_indexed_again) {
  folder.write_many("rope", 10);
  folder.write("binary", std::string("\0\1\2", 3));
  EXPECT_EQ(restart(), 1U);
  const auto written = std::filesystem::last_write_time(folder.generation(1));
  EXPECT_EQ(restart(), 1U);
  EXPECT_EQ(std::filesystem::last_write_time(folder.generation(1)), written);
  EXPECT_FALSE(exists(2));
}

TEST_F(SearchIndexTest, each_kind_of_change_builds_the_next_generation) {
  folder.write("a.txt", "rope\n");
  EXPECT_EQ(restart(), 1U);
  folder.write("a.txt", "ship\n");
  EXPECT_EQ(restart(), 2U);
  folder.write("b.txt", "ship\n");
  EXPECT_EQ(restart(), 3U);
  std::filesystem::rename(folder.text() + "/b.txt", folder.text() + "/c.txt");
  EXPECT_EQ(restart(), 4U);
  std::filesystem::remove(folder.text() + "/c.txt");
  EXPECT_EQ(restart(), 5U);
  std::filesystem::remove(folder.text() + "/a.txt");
  EXPECT_EQ(restart(), 6U);
  EXPECT_EQ(restart(), 6U);
}

TEST_F(SearchIndexTest, the_last_generation_serves_at_once_after_a_start) {
  folder.write("a.txt", "rope\n");
  EXPECT_EQ(restart(), 1U);
  folder.write("a.txt", "ship\n");
  const SearchIndex index(folder.text(), folder.data());
  EXPECT_EQ(number_of(index.current()), 1U);
}

TEST_F(SearchIndexTest, the_newest_three_are_kept_and_those_in_use) {
  SearchIndex index(folder.text(), folder.data());
  auto change = [&, round = 0]() mutable {
    folder.write("a.txt", "rope " + std::to_string(round++));
    ASSERT_TRUE(index.refresh({}));
  };
  change();
  auto used = index.pin(1);
  ASSERT_NE(used, nullptr);
  for (int i = 0; i < 4; ++i) change();
  EXPECT_TRUE(exists(1));
  EXPECT_FALSE(exists(2));
  EXPECT_EQ(index.pin(2), nullptr);
  EXPECT_TRUE(exists(3) && exists(4) && exists(5));
  used.reset();
  change();
  EXPECT_FALSE(exists(1));
  EXPECT_FALSE(exists(3));
  EXPECT_NE(index.pin(4), nullptr);
}

TEST_F(SearchIndexTest, a_damaged_generation_is_replaced_and_its_number_not_used_again) {
  folder.write("a.txt", "rope\n");
  EXPECT_EQ(restart(), 1U);
  std::ofstream(folder.generation(1), std::ios::trunc)
      << "damaged beyond the header of a database file......";
  EXPECT_EQ(restart(), 2U);
  EXPECT_EQ(restart(), 2U);
}

TEST_F(SearchIndexTest, what_a_killed_build_left_is_ignored) {
  folder.write("a.txt", "rope\n");
  std::filesystem::create_directories(folder.data() + "/search");
  std::ofstream(folder.generation(1) + ".building") << "half";
  std::ofstream(folder.data() + "/search/generation-x.db") << "foreign";
  EXPECT_EQ(restart(), 1U);
  EXPECT_FALSE(std::filesystem::exists(folder.generation(1) + ".building"));
}

TEST_F(SearchIndexTest, the_index_of_another_folder_does_not_serve) {
  folder.write("a.txt", "rope\n");
  folder.write("deeper/b.txt", "rope\n");
  EXPECT_EQ(restart(), 1U);
  SearchIndex index(folder.text() + "/deeper", folder.data());
  EXPECT_EQ(index.current(), nullptr);
  ASSERT_TRUE(index.refresh({}));
  EXPECT_EQ(number_of(index.current()), 2U);
  EXPECT_NE(index.pin(1), nullptr);
}

TEST_F(SearchIndexTest, a_data_directory_inside_the_folder_is_not_indexed) {
  folder.write("a.txt", "rope\n");
  for (int round = 0; round < 2; ++round) {
    SearchIndex index(folder.text(), folder.text() + "/data");
    ASSERT_TRUE(index.refresh({}));
    EXPECT_EQ(number_of(index.current()), 1U);
  }
}

TEST_F(SearchIndexTest, without_a_folder_there_is_a_failure_that_names_the_setting) {
  for (const auto& path : {std::string(), folder.text() + "/none"}) {
    SearchIndex index(path, folder.data());
    const auto status = index.refresh({});
    ASSERT_FALSE(status);
    ASSERT_TRUE(index.failure());
    EXPECT_EQ(index.failure()->code, Errc::config);
    EXPECT_THAT(index.failure()->message, HasSubstr("search.folder"));
  }
}

TEST_F(SearchIndexTest, a_folder_that_disappears_leaves_the_old_generation_serving) {
  folder.write("a.txt", "rope\n");
  SearchIndex index(folder.text(), folder.data());
  ASSERT_TRUE(index.refresh({}));
  std::filesystem::remove_all(folder.text());
  EXPECT_FALSE(index.refresh({}));
  EXPECT_EQ(number_of(index.current()), 1U);
  EXPECT_EQ(index.failure(), std::nullopt);
}

TEST_F(SearchIndexTest, a_disk_that_is_too_full_is_left_alone) {
  folder.write("a.txt", "rope\n");
  SearchIndex index(folder.text(), folder.data(), {}, std::numeric_limits<std::uint64_t>::max() / 2);
  EXPECT_EQ(index.refresh({}).error().code, Errc::storage_full);
  EXPECT_FALSE(exists(1));
}

TEST_F(SearchIndexTest, a_stopped_refresh_is_no_failure) {
  folder.write("a.txt", "rope\n");
  SearchIndex index(folder.text(), folder.data());
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(index.refresh(source.get_token()).error().code, Errc::shutting_down);
  EXPECT_EQ(index.failure(), std::nullopt);
}

}  // namespace
}  // namespace hawser::worker
