#include "server/static_files.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace hawser::server {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxTotal = 64ULL * 1024 * 1024;

std::string_view content_type(std::string_view extension) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kTypes{{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".woff2", "font/woff2"},
      {".txt", "text/plain; charset=utf-8"},
      {".wasm", "application/wasm"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (ending == extension) return type;
  }
  return "application/octet-stream";
}

}  // namespace

Result<StaticFiles> StaticFiles::load(const std::string& directory) {
  StaticFiles result;
  std::error_code error;
  std::uintmax_t total = 0;
  const fs::path root(directory);
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error) || error) continue;
    total += it->file_size(error);
    if (total > kMaxTotal) {
      return fail(Errc::config, fmt::format("server.static_dir: {} holds more than {} MiB; is it the right "
                                            "directory?",
                                            directory, kMaxTotal >> 20U));
    }
    std::ifstream in(it->path(), std::ios::binary);
    std::string body{std::istreambuf_iterator<char>(in), {}};
    if (!in) return fail(Errc::config, fmt::format("server.static_dir: cannot read {}", it->path().string()));
    const auto name = "/" + it->path().lexically_relative(root).generic_string();
    result.files_[name] = File{share(std::move(body)), content_type(it->path().extension().string()),
                               name.starts_with("/assets/")};
  }
  if (error) {
    return fail(Errc::config,
                fmt::format("server.static_dir: cannot read {}: {}", directory, error.message()));
  }
  return result;
}

const StaticFiles::File* StaticFiles::find(std::string_view path) const {
  const auto it = files_.find(path == "/" ? std::string_view("/index.html") : path);
  return it == files_.end() ? nullptr : &it->second;
}

}  // namespace hawser::server
