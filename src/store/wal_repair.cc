#include "store/wal_repair.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace hawser::store {
namespace {

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

Result<WalFile> scan_wal(rocksdb::Env& env, const std::string& path, std::uint64_t number) {
  WalFile wal{.path = path, .number = number, .size = 0, .scan = {}};
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
  if (const auto offset = wal.scan.unknown_type()) {
    return fail(Errc::config,
                fmt::format("The write-ahead log {} has a record of an unknown type at byte {}; "
                            "it was written by a newer release. Start that one.",
                            path, *offset));
  }
  return wal;
}

}  // namespace

Result<std::vector<WalFile>> scan_wals(rocksdb::Env& env, const std::string& database, std::uint64_t first) {
  const auto names = wal_names(env, database);
  if (!names) return std::unexpected(names.error());
  std::vector<WalFile> wals;
  for (const auto& name : *names) {
    const auto number = std::stoull(name);
    if (number < first) continue;
    auto wal = scan_wal(env, fmt::format("{}/{}", database, name), number);
    if (!wal) return std::unexpected(wal.error());
    wals.push_back(*std::move(wal));
  }
  return wals;
}

const WalFile* first_damaged(const std::vector<WalFile>& wals) {
  const WalFile* first = nullptr;
  bool later_file_has_writes = false;
  for (auto wal = wals.rbegin(); wal != wals.rend(); ++wal) {
    if (wal->scan.damage() && (wal->scan.later_write() || later_file_has_writes)) first = &*wal;
    later_file_has_writes = later_file_has_writes || wal->scan.has_writes();
  }
  return first;
}

Status cut(rocksdb::Env& env, const WalFile& wal) {
  std::unique_ptr<rocksdb::WritableFile> file;  // RocksDB's own file system truncates open files only.
  auto status = env.ReopenWritableFile(wal.path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Truncate(wal.scan.valid_end());
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) return {};
  return fail(Errc::unavailable, fmt::format("Cannot cut {}: {}.", wal.path, status.ToString()));
}

Error damaged_wal(const WalFile& wal) {
  return {Errc::corrupt,
          fmt::format("The write-ahead log {} is damaged at byte {}, in front of later acknowledged writes. "
                      "Nothing was changed. Restore the data directory from a backup, or run 'hawser doctor "
                      "--repair' to keep a copy and go on without what is lost.",
                      wal.path, wal.scan.damage().value_or(0))};
}

Status cut_torn_wals(rocksdb::Env& env, const std::string& database, std::uint64_t first) {
  const auto wals = scan_wals(env, database, first);
  if (!wals) return std::unexpected(wals.error());
  if (const auto* damaged = first_damaged(*wals)) return std::unexpected(damaged_wal(*damaged));
  for (const auto& wal : *wals) {
    if (!wal.scan.damage()) continue;
    spdlog::warn("store: {} ends in a torn write that was never acknowledged; cutting bytes {} to {}",
                 wal.path, wal.scan.valid_end(), wal.size);
    if (auto done = cut(env, wal); !done) return done;
  }
  return {};
}

}  // namespace hawser::store
