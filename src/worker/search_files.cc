#include "worker/search_files.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace hawser::worker {
namespace {

namespace fs = std::filesystem;

class Walk {
 public:
  Walk(const std::string& folder, const std::string& excluded, const FileBounds& bounds, std::stop_token stop)
      : folder_(folder), excluded_(excluded), bounds_(bounds), stop_(std::move(stop)) {}

  Result<FileListing> run() {
    std::error_code error;
    fs::directory_iterator root(folder_, error);
    if (error) {
      return fail(Errc::config, fmt::format("The folder \"{}\" of search.folder cannot be read: {}.", folder_,
                                            error.message()));
    }
    visit(std::move(root), "");
    if (stop_.stop_requested()) return fail(Errc::shutting_down, "The server is stopping.");
    std::ranges::sort(listing_.files, {}, &FileStamp::path);
    return std::move(listing_);
  }

 private:
  bool done() const { return listing_.truncated || stop_.stop_requested(); }

  /// Depth is bounded by the longest path the system accepts, because links are not followed.
  void visit(fs::directory_iterator entries, const std::string& prefix) {
    for (const auto& name : sorted_names(std::move(entries))) {
      if (done()) return;
      add(prefix + name);
    }
  }

  static std::vector<std::string> sorted_names(fs::directory_iterator entries) {
    std::vector<std::string> names;
    std::error_code error;
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
      auto name = entries->path().filename().string();
      if (!name.starts_with('.')) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
  }

  void add(const std::string& path) {
    const auto full = (fs::path(folder_) / path).string();
    struct stat info {};
    if (::lstat(full.c_str(), &info) != 0) return;
    if (S_ISDIR(info.st_mode)) {
      std::error_code error;
      fs::directory_iterator entries(full, error);
      if (!error && full != excluded_) visit(std::move(entries), path + '/');
    } else if (S_ISREG(info.st_mode)) {
      add_file(path, info);
    }
  }

  void add_file(const std::string& path, const struct stat& info) {
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size == 0 || size > bounds_.file_bytes) return;
    if (listing_.files.size() >= bounds_.files || listing_.bytes + size > bounds_.bytes) {
      listing_.truncated = true;
      return;
    }
    listing_.bytes += size;
    listing_.files.push_back({path, size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec});
  }

  const std::string& folder_;
  const std::string& excluded_;
  const FileBounds bounds_;
  const std::stop_token stop_;
  FileListing listing_;
};

}  // namespace

Result<FileListing> list_files(const std::string& folder, const std::string& excluded,
                               const FileBounds& bounds, std::stop_token stop) {
  return Walk(folder, excluded, bounds, std::move(stop)).run();
}

}  // namespace hawser::worker
