#include "store/database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "store/rocksdb_options.h"
#include "store/wal_repair.h"

namespace hawser::store {
namespace {

constexpr std::size_t kBlockCacheBytes = std::size_t{64} << 20U;

/// Readers are told the kind of failure; paths and causes go to the log.
Error read_error(const rocksdb::Status& status) {
  spdlog::error("store: a read failed: {}", status.ToString());
  if (status.IsCorruption()) return {Errc::corrupt, "Stored data is damaged."};
  return {Errc::unavailable, "Stored data cannot be read."};
}

class BackgroundErrors final : public rocksdb::EventListener {
 public:
  explicit BackgroundErrors(std::function<void(const std::string&)> report) : report_(std::move(report)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    report_(status->ToString());
  }

 private:
  std::function<void(const std::string&)> report_;
};

std::vector<rocksdb::ColumnFamilyDescriptor> families() {
  FamilyOptions options(rocksdb::NewLRUCache(kBlockCacheBytes));
  return {{rocksdb::kDefaultColumnFamilyName, options.meta},
          {"job", options.job},
          {"input", options.input},
          {"ev", options.event},
          {"idx", options.index}};
}

Error open_error(const std::string& path, const rocksdb::Status& status) {
  const auto code = status.IsCorruption() ? Errc::corrupt : Errc::unavailable;
  return {code, fmt::format("Cannot open the database {}: {}", path, status.ToString())};
}

}  // namespace

Error damaged(std::string_view what) {
  spdlog::error("store: damaged data: {}", what);
  return {Errc::corrupt, "Stored data is damaged."};
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  if (auto repaired = repair_wals(*options.env, options.path); !repaired)
    return std::unexpected(repaired.error());
  auto settings = database_options(*options.env);
  if (options.on_background_error) {
    settings.listeners.push_back(std::make_shared<BackgroundErrors>(std::move(options.on_background_error)));
  }
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::Open(settings, options.path, families(), &handles, &opened);
  if (!status.ok()) return std::unexpected(open_error(options.path, status));
  std::unique_ptr<Database> database(new Database);
  database->db_.reset(opened);
  std::ranges::copy(handles, database->handles_.begin());
  return database;
}

Database::~Database() {
  for (auto* family : handles_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
  }
}

Result<std::optional<std::string>> Database::get(Family family, std::string_view key,
                                                 const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const auto status = db_->Get(options, handle(family), {key.data(), key.size()}, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return std::unexpected(read_error(status));
  return value;
}

void Database::put(rocksdb::WriteBatch& batch, Family family, std::string_view key,
                   std::string_view value) const {
  batch.Put(handle(family), {key.data(), key.size()}, {value.data(), value.size()});
}

void Database::erase(rocksdb::WriteBatch& batch, Family family, std::string_view key) const {
  batch.Delete(handle(family), {key.data(), key.size()});
}

Status Database::write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return fail(Errc::unavailable, status.ToString());
  return {};
}

Status Database::flush() {
  const auto status = db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
  if (!status.ok()) return fail(Errc::unavailable, status.ToString());
  return {};
}

Scan::Scan(const Database& database, Family family, std::string lower, std::string upper,
           const rocksdb::Snapshot* snapshot)
    : lower_(std::move(lower)), upper_(std::move(upper)), lower_slice_(lower_), upper_slice_(upper_) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  options.auto_prefix_mode = true;  // Bloom filters where the bounds allow it, total order elsewhere.
  iterator_.reset(database.db_->NewIterator(options, database.handle(family)));
}

Status Scan::status() const {
  const auto status = iterator_->status();
  if (!status.ok()) return std::unexpected(read_error(status));
  return {};
}

}  // namespace hawser::store
