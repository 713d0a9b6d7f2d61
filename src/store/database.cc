#include "store/database.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

#include "store/rocksdb_options.h"
#include "store/wal_repair.h"

namespace hawser::store {
namespace {

constexpr std::size_t kBlockCacheBytes = std::size_t{64} << 20U;

bool is_damage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsPathNotFound();
}

class BackgroundErrors final : public rocksdb::EventListener {
 public:
  BackgroundErrors(std::function<void(const std::string&)> report, std::shared_ptr<DamageLog> damage,
                   std::shared_ptr<std::atomic<bool>> met_damage)
      : report_(std::move(report)), damage_(std::move(damage)), met_damage_(std::move(met_damage)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (reason == rocksdb::BackgroundErrorReason::kCompaction && is_damage(*status)) {
      // Nothing new was lost: the table is left as it is, and the store goes on.
      damage_->found(status->ToString());
      *met_damage_ = true;
      *status = rocksdb::Status::OK();
    } else if (report_) {
      report_(status->ToString());
    }
  }

 private:
  std::function<void(const std::string&)> report_;
  std::shared_ptr<DamageLog> damage_;
  std::shared_ptr<std::atomic<bool>> met_damage_;
};

/// In the order of Family.
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

/// Without paranoid checks RocksDB leaves out what it finds wrong in a log. We have read the logs ourselves,
/// but whatever it says about one is a reason not to open (0001).
bool may_be_table(const rocksdb::Status& status) {
  const auto text = status.ToString();
  return is_damage(status) && text.find("WAL") == std::string::npos && text.find(".log") == std::string::npos;
}

/// RocksDB syncs what is in its directory; that the directory itself is there after a power loss is ours to
/// see to.
Status sync_parent(rocksdb::Env& env, const std::string& path) {
  const auto parent = path.substr(0, path.rfind('/'));
  std::unique_ptr<rocksdb::Directory> directory;
  auto status = env.NewDirectory(parent, &directory);
  if (status.ok()) status = directory->Fsync();
  if (!status.ok())
    return fail(Errc::unavailable, fmt::format("Cannot sync {}: {}", parent, status.ToString()));
  return {};
}

/// Cuts torn logs or refuses damaged ones; how a log looks that the tables hold already does not matter.
Status prepare_wals(const std::string& path, rocksdb::Env& env) {
  auto status = cut_torn_wals(env, path, 0);
  if (status || status.error().code != Errc::corrupt) return status;
  const auto database = Database::open_to_examine(path, env);
  if (!database) return status;
  const auto first = (*database)->first_live_log();
  return first ? cut_torn_wals(env, path, *first) : status;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  if (auto prepared = prepare_wals(options.path, *options.env); !prepared)
    return std::unexpected(prepared.error());
  auto database = open_with(options, false);
  // Perhaps only a table cannot be opened; then the jobs in it are lost, and not all others.
  if (!database && database.error().code == Errc::damaged) database = open_with(options, true);
  if (!database && database.error().code == Errc::damaged) database.error().code = Errc::corrupt;
  return database;
}

Result<std::unique_ptr<Database>> Database::open_with(const Options& options, bool damaged_tables) {
  std::unique_ptr<Database> database(new Database);
  auto settings = database_options(*options.env);
  // Without it RocksDB forgets the lengths it remembers, and the next open learns the new ones.
  settings.track_and_verify_wals_in_manifest = !options.wals_were_cut;
  settings.paranoid_checks = !damaged_tables;
  settings.listeners.push_back(std::make_shared<BackgroundErrors>(options.on_background_error,
                                                                  database->damage_, database->met_damage_));
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::Open(settings, options.path, families(), &handles, &opened);
  if (!status.ok()) {
    auto error = open_error(options.path, status);
    if (may_be_table(status)) error.code = Errc::damaged;
    return std::unexpected(std::move(error));
  }
  database->db_.reset(opened);
  std::ranges::copy(handles, database->handles_.begin());
  if (auto synced = sync_parent(*options.env, options.path); !synced) return std::unexpected(synced.error());
  if (damaged_tables) database->stop_compactions();
  return database;
}

Result<std::unique_ptr<Database>> Database::open_to_examine(const std::string& path, rocksdb::Env& env) {
  auto settings = database_options(env);
  settings.track_and_verify_wals_in_manifest = false;
  settings.paranoid_checks = false;
  settings.wal_dir =
      std::filesystem::path(path).parent_path();  // Where there are none: they are not replayed.
  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(settings, path, &names);
  if (!status.ok()) return std::unexpected(open_error(path, status));
  const auto known = families();
  std::vector<rocksdb::ColumnFamilyDescriptor> present;
  std::ranges::copy_if(known, std::back_inserter(present), [&names](const auto& family) {
    return std::ranges::find(names, family.name) != names.end();
  });
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  status = rocksdb::DB::OpenForReadOnly(settings, path, present, &handles, &opened);
  if (!status.ok()) return std::unexpected(open_error(path, status));
  std::unique_ptr<Database> database(new Database);
  database->db_.reset(opened);
  for (auto* handle : handles) {
    const auto at = std::ranges::find(known, handle->GetName(), &rocksdb::ColumnFamilyDescriptor::name);
    database->handles_.at(static_cast<std::size_t>(at - known.begin())) = handle;
  }
  return database;
}

Database::~Database() {
  for (auto* family : handles_) {
    if (family != nullptr) db_->DestroyColumnFamilyHandle(family);
  }
}

/// Readers are told the kind of failure; files and causes go to the log.
Error Database::read_error(const rocksdb::Status& status) const {
  if (is_damage(status)) return damage_->found(status.ToString());
  spdlog::error("store: a read failed: {}", status.ToString());
  return {Errc::unavailable, "Stored data cannot be read."};
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

void Database::erase_range(rocksdb::WriteBatch& batch, Family family, std::string_view lower,
                           std::string_view upper) const {
  batch.DeleteRange(handle(family), {lower.data(), lower.size()}, {upper.data(), upper.size()});
}

void Database::stop_compactions() {
  spdlog::error(
      "store: a table cannot be read; tables are no longer merged, the jobs in it answer 'damaged', all "
      "others go on. Restore the data directory from a backup when that is possible.");
  for (auto* family : handles_) {
    const auto status = db_->SetOptions(family, {{"disable_auto_compactions", "true"}});
    if (!status.ok()) spdlog::warn("store: cannot stop merging tables: {}", status.ToString());
  }
}

Status Database::write(rocksdb::WriteBatch& batch) {
  if (met_damage_->exchange(false)) stop_compactions();
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

std::optional<Family> Database::family(std::uint32_t id) const {
  const auto* const found = std::ranges::find_if(
      handles_, [id](const auto* handle) { return handle != nullptr && handle->GetID() == id; });
  if (found == handles_.end()) return std::nullopt;
  return static_cast<Family>(found - handles_.begin());
}

Status Database::recreate(Family family) {
  auto& handle = handles_.at(static_cast<std::size_t>(family));
  const auto descriptor = families().at(static_cast<std::size_t>(family));
  auto status = db_->DropColumnFamily(handle);
  if (status.ok()) status = db_->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
  if (status.ok()) status = db_->CreateColumnFamily(descriptor.options, descriptor.name, &handle);
  if (!status.ok()) return fail(Errc::unavailable, status.ToString());
  return {};
}

Result<std::uint64_t> Database::first_live_log() const {
  std::uint64_t number = 0;
  if (!db_->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &number)) {
    return fail(Errc::unavailable, "The database cannot tell which of its logs it needs.");
  }
  return number;
}

Scan::Scan(const Database& database, Family family, std::string lower, std::string upper,
           const rocksdb::Snapshot* snapshot)
    : database_(database),
      lower_(std::move(lower)),
      upper_(std::move(upper)),
      lower_slice_(lower_),
      upper_slice_(upper_) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  options.auto_prefix_mode = true;  // Bloom filters where the bounds allow it, total order elsewhere.
  iterator_.reset(database.db_->NewIterator(options, database.handle(family)));
}

Status Scan::status() const {
  const auto status = iterator_->status();
  if (!status.ok()) return std::unexpected(database_.read_error(status));
  return {};
}

}  // namespace hawser::store
