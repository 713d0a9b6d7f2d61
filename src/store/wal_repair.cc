#include "store/wal_repair.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/wal_scan.h"

namespace hawser::store {
namespace {

struct ScannedWal {
  std::string path;
  std::uint64_t size = 0;
  WalScan scan;
};

Error unreadable(const std::string& path, const rocksdb::Status& status) {
  return {Errc::unavailable, fmt::format("Cannot read {}: {}.", path, status.ToString())};
}

bool is_wal(const std::string& name) {
  constexpr std::string_view kSuffix = ".log";
  constexpr std::size_t kMostDigits = 19;
  return name.size() > kSuffix.size() && name.size() <= kMostDigits + kSuffix.size() &&
         name.ends_with(kSuffix) &&
         std::all_of(name.begin(), name.end() - static_cast<std::ptrdiff_t>(kSuffix.size()),
                     [](char c) { return c >= '0' && c <= '9'; });
}

/// Oldest first: RocksDB numbers them.
Result<std::vector<std::string>> wal_names(rocksdb::Env& env, const std::string& database) {
  std::vector<std::string> names;
  const auto status = env.GetChildren(database, &names);
  if (status.IsNotFound()) return std::vector<std::string>{};
  if (!status.ok()) return std::unexpected(unreadable(database, status));
  std::erase_if(names, [](const std::string& name) { return !is_wal(name); });
  std::ranges::sort(names, {}, [](const std::string& name) { return std::stoull(name); });
  return names;
}

Result<ScannedWal> scan_wal(rocksdb::Env& env, const std::string& path) {
  ScannedWal wal{.path = path, .size = 0, .scan = {}};
  std::unique_ptr<rocksdb::SequentialFile> file;
  auto status = env.NewSequentialFile(path, &file, rocksdb::EnvOptions());
  std::string buffer(WalScan::kBlockSize, '\0');
  rocksdb::Slice block;
  do {
    if (status.ok()) status = file->Read(buffer.size(), &block, buffer.data());
    if (!status.ok()) return std::unexpected(unreadable(path, status));
    wal.scan.block({block.data(), block.size()});
    wal.size += block.size();
  } while (block.size() == buffer.size());
  wal.scan.finish();
  return wal;
}

std::optional<Error> lost_write(const ScannedWal& wal, bool later_file_has_writes) {
  if (const auto offset = wal.scan.unknown_type()) {
    return Error{Errc::corrupt,
                 fmt::format("The write-ahead log {} has a record of an unknown type at byte {}; "
                             "it was written by a newer release. Start that one.",
                             wal.path, *offset)};
  }
  if (!wal.scan.damage() || !(wal.scan.later_write() || later_file_has_writes)) return std::nullopt;
  return Error{Errc::corrupt,
               fmt::format("The write-ahead log {} is damaged at byte {}, in front of later acknowledged "
                           "writes. Nothing was changed; restore the data directory from a backup.",
                           wal.path, *wal.scan.damage())};
}

Status cut(rocksdb::Env& env, const ScannedWal& wal) {
  const auto keep = wal.scan.valid_end();
  spdlog::warn("store: {} ends in a torn write that was never acknowledged; cutting bytes {} to {}", wal.path,
               keep, wal.size);
  std::unique_ptr<rocksdb::WritableFile> file;  // RocksDB's own file system truncates open files only.
  auto status = env.ReopenWritableFile(wal.path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Truncate(keep);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) return {};
  return fail(Errc::unavailable,
              fmt::format("Cannot cut the torn end of {}: {}.", wal.path, status.ToString()));
}

}  // namespace

Status repair_wals(rocksdb::Env& env, const std::string& database) {
  const auto names = wal_names(env, database);
  if (!names) return std::unexpected(names.error());
  std::vector<ScannedWal> wals;
  for (const auto& name : *names) {
    auto wal = scan_wal(env, fmt::format("{}/{}", database, name));
    if (!wal) return std::unexpected(wal.error());
    wals.push_back(*std::move(wal));
  }
  bool later_file_has_writes = false;
  for (auto wal = wals.rbegin(); wal != wals.rend(); ++wal) {
    if (auto error = lost_write(*wal, later_file_has_writes)) return std::unexpected(*std::move(error));
    later_file_has_writes = later_file_has_writes || wal->scan.has_writes();
  }
  for (const auto& wal : wals) {
    if (!wal.scan.damage()) continue;
    if (auto done = cut(env, wal); !done) return done;
  }
  return {};
}

}  // namespace hawser::store
