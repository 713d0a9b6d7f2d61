#include "worker/search_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "test/worker/search_fixture.h"

namespace hawser::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> paths(const FileListing& listing) {
  std::vector<std::string> all;
  all.reserve(listing.files.size());
  for (const auto& file : listing.files) all.push_back(file.path);
  return all;
}

FileListing list(const SearchFolder& folder, const FileBounds& bounds = {},
                 const std::string& excluded = "") {
  auto listing = list_files(folder.text(), excluded, bounds, {});
  EXPECT_TRUE(listing);
  return listing ? *listing : FileListing{};
}

TEST(SearchFiles, lists_regular_visible_files_in_order_of_their_paths) {
  SearchFolder folder;
  for (const auto* path : {"b.txt", "a/z.txt", "a.txt", "a/y/x", ".hidden", ".git/config", "a/.b/c"}) {
    folder.write(path, "text");
  }
  folder.write("empty", "");
  std::filesystem::create_symlink("/etc", folder.text() + "/etc");
  std::filesystem::create_symlink(folder.text() + "/b.txt", folder.text() + "/link.txt");
  std::filesystem::create_directory_symlink(folder.text(), folder.text() + "/a/loop");
  const auto listing = list(folder);
  EXPECT_THAT(paths(listing), ElementsAre("a.txt", "a/y/x", "a/z.txt", "b.txt"));
  EXPECT_EQ(listing.bytes, 16U);
  EXPECT_FALSE(listing.truncated);
}

TEST(SearchFiles, leaves_out_large_files_and_the_excluded_folder) {
  SearchFolder folder;
  folder.write("small", "12345");
  folder.write("large", "123456");
  folder.write("data/search/generation-1.db", "x");
  EXPECT_THAT(paths(list(folder, {.file_bytes = 5}, folder.text() + "/data/search")), ElementsAre("small"));
}

TEST(SearchFiles, stops_at_its_bounds_always_at_the_same_file) {
  SearchFolder folder;
  for (const auto* path : {"d", "c", "b/2", "b/1", "a"}) folder.write(path, "12345");
  const auto by_count = list(folder, {.files = 3});
  EXPECT_THAT(paths(by_count), ElementsAre("a", "b/1", "b/2"));
  EXPECT_TRUE(by_count.truncated);
  const auto by_bytes = list(folder, {.bytes = 11});
  EXPECT_THAT(paths(by_bytes), ElementsAre("a", "b/1"));
  EXPECT_TRUE(by_bytes.truncated);
}

TEST(SearchFiles, a_missing_folder_is_an_error_that_names_the_setting) {
  SearchFolder folder;
  folder.write("file", "x");
  for (const auto& path : {folder.text() + "/none", folder.text() + "/file"}) {
    const auto listing = list_files(path, "", {}, {});
    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().code, Errc::config);
    EXPECT_THAT(listing.error().message, HasSubstr("search.folder"));
  }
}

}  // namespace
}  // namespace hawser::worker
