#include "store/damaged_copies.h"

#include <fmt/chrono.h>
#include <rocksdb/env.h>

#include <chrono>
#include <filesystem>
#include <memory>

namespace hawser::store {
namespace {

Error failed(const std::string& path, const rocksdb::Status& status) {
  return {Errc::unavailable, fmt::format("Cannot keep a copy, {}: {}.", path, status.ToString())};
}

/// Two repairs may begin in the same second.
constexpr int kMostNames = 100;

Result<std::string> make_directory(rocksdb::Env& env, const std::string& directory, WallMillis now) {
  const auto time = fmt::gmtime(std::chrono::system_clock::time_point(std::chrono::milliseconds(now)));
  const auto first = fmt::format("{}/damaged-{:%Y%m%dT%H%M%SZ}", directory, time);
  for (int number = 1; number <= kMostNames; ++number) {
    auto path = number == 1 ? first : fmt::format("{}-{}", first, number);
    if (env.FileExists(path).ok()) continue;
    if (const auto status = env.CreateDir(path); !status.ok()) return std::unexpected(failed(path, status));
    return path;
  }
  return fail(Errc::unavailable, fmt::format("There are too many copies at {}.", first));
}

}  // namespace

Result<std::string> keep_copies(rocksdb::Env& env, const std::string& directory, WallMillis now,
                                const std::vector<std::string>& files) {
  auto copies = make_directory(env, directory, now);
  if (!copies) return copies;
  for (const auto& file : files) {
    const auto bytes = read_file(env, file);
    if (!bytes) return std::unexpected(bytes.error());
    const auto name = std::filesystem::path(file).filename().string();
    if (auto written = write_file(env, *copies, name, *bytes); !written)
      return std::unexpected(written.error());
  }
  if (auto synced = sync_directory(env, directory); !synced) return std::unexpected(synced.error());
  return copies;
}

Result<std::string> read_file(rocksdb::Env& env, const std::string& path) {
  std::string bytes;
  if (const auto status = rocksdb::ReadFileToString(&env, path, &bytes); !status.ok()) {
    return std::unexpected(failed(path, status));
  }
  return bytes;
}

Status write_file(rocksdb::Env& env, const std::string& directory, const std::string& name,
                  const std::string& bytes) {
  const auto path = directory + "/" + name;
  const auto status = rocksdb::WriteStringToFile(&env, bytes, path, true);
  if (!status.ok()) return std::unexpected(failed(path, status));
  return sync_directory(env, directory);
}

Status sync_directory(rocksdb::Env& env, const std::string& directory) {
  std::unique_ptr<rocksdb::Directory> handle;
  auto status = env.NewDirectory(directory, &handle);
  if (status.ok()) status = handle->Fsync();
  if (!status.ok()) return std::unexpected(failed(directory, status));
  return {};
}

}  // namespace hawser::store
