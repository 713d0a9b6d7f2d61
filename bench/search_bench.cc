// Measures the search index: `search_bench FOLDER [QUERY…]`. Lists and indexes the folder into a temporary
// directory, opens the index again, then ranks each query (all hits counted, 2,500 kept) and loads every
// snippet of it. Numbers of docs/decisions/0002-search-index.md.

#include <fmt/core.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "worker/search_build.h"
#include "worker/search_generation.h"
#include "worker/search_query.h"

namespace hawser::worker {
namespace {

constexpr std::size_t kLimit = 2'500;

class Stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

bool build(const std::string& folder, const std::string& target) {
  const Stopwatch listing_time;
  const auto listing = list_files(folder, "", {}, {});
  if (!listing) {
    fmt::print("{}\n", listing.error().message);
    return false;
  }
  fmt::print("{}: {} files, {:.1f} MB{}, listed in {:.0f} ms\n", folder, listing->files.size(),
             static_cast<double>(listing->bytes) / 1e6, listing->truncated ? " (cut at a bound)" : "",
             listing_time.milliseconds());
  BuildProgress progress;
  const Stopwatch build_time;
  const auto report = build_generation(target, folder, *listing, progress, {});
  if (!report) {
    fmt::print("{}\n", report.error().message);
    return false;
  }
  fmt::print("{} text files, {} lines, {} passages in {:.1f} s; index {:.1f} MB\n", report->text_files,
             report->lines, report->passages, build_time.milliseconds() / 1e3,
             static_cast<double>(std::filesystem::file_size(target)) / 1e6);
  const Stopwatch check_time;
  const auto again = list_files(folder, "", {}, {});
  const auto opened = SearchGeneration::open(target);
  const bool same = again && opened && opened->matches(*again).value_or(false);
  fmt::print("found {} in {:.0f} ms\n", same ? "unchanged" : "changed", check_time.milliseconds());
  return true;
}

void query(const std::string& target, const std::string& typed) {
  const Stopwatch total;
  const auto generation = SearchGeneration::open(target);
  const auto expression = to_fts5_query(typed);
  if (!generation || !expression) return fmt::print("{}: no query\n", typed);
  const auto ranked = generation->rank(*expression, kLimit, {});
  if (!ranked) return fmt::print("{}: {}\n", typed, ranked.error().message);
  const auto ranking = total.milliseconds();
  for (const auto passage : ranked->passages) (void)generation->load(*expression, passage);
  fmt::print("{}: {} hits ranked in {:.1f} ms, {} snippets in {:.1f} ms\n", typed, ranked->found, ranking,
             ranked->passages.size(), total.milliseconds() - ranking);
}

int run(int count, char** arguments) {
  if (count < 2) {
    fmt::print("usage: search_bench FOLDER [QUERY…]\n");
    return 2;
  }
  std::string directory = (std::filesystem::temp_directory_path() / "search_bench_XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  const auto target = directory + "/generation-1.db";
  const bool built = build(arguments[1], target);
  for (int i = 2; built && i < count; ++i) query(target, arguments[i]);
  std::filesystem::remove_all(directory);
  return built ? 0 : 1;
}

}  // namespace
}  // namespace hawser::worker

int main(int count, char** arguments) {
  return hawser::worker::run(count, arguments);
}
