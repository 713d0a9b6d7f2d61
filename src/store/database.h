#pragma once

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/damage_log.h"

namespace hawser::store {

enum class Family : std::uint8_t { meta, job, input, event, index };
inline constexpr std::size_t kFamilies = 5;

inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// The open RocksDB database: our column families, and reads that never take damage for absence.
/// Reads on any thread; `write` on the committer's only.
class Database {
 public:
  struct Options {
    std::string path;
    rocksdb::Env* env = nullptr;
    /// A flush or compaction failed. Called on a thread of RocksDB.
    std::function<void(const std::string& what)> on_background_error;
    /// Closed write-ahead logs may be shorter than RocksDB remembers them, because we cut them.
    bool wals_were_cut = false;
  };
  /// Cuts torn write-ahead logs first. Opens also when tables are damaged; reads that need them answer
  /// `damaged`. Errors: corrupt, unavailable.
  static Result<std::unique_ptr<Database>> open(const Options& options);
  /// For looking at the tables of a database in whatever state it is: nothing on the disk changes, and what
  /// is only in the write-ahead logs does not show. Errors: corrupt, unavailable.
  static Result<std::unique_ptr<Database>> open_to_examine(const std::string& path, rocksdb::Env& env);
  ~Database();

  /// Nothing when the key does not exist. Errors: damaged, unavailable. Without a snapshot: what is committed
  /// now.
  Result<std::optional<std::string>> get(Family family, std::string_view key,
                                         const rocksdb::Snapshot* snapshot = nullptr) const;
  void put(rocksdb::WriteBatch& batch, Family family, std::string_view key, std::string_view value) const;
  void erase(rocksdb::WriteBatch& batch, Family family, std::string_view key) const;
  /// All keys of [lower, upper), at the price of one.
  void erase_range(rocksdb::WriteBatch& batch, Family family, std::string_view lower,
                   std::string_view upper) const;
  /// Returns after the batch is on disk (fdatasync).
  Status write(rocksdb::WriteBatch& batch);
  /// Writes the memtables out, so that the next start has nothing to replay.
  Status flush();

  /// False when an examined database lacks the family.
  bool has(Family family) const { return handle(family) != nullptr; }
  /// The family that a write-ahead log names so.
  std::optional<Family> family(std::uint32_t id) const;
  /// Throws all keys of the family away with the files that hold them.
  Status recreate(Family family);
  /// Logs with a lower number are in the tables already.
  Result<std::uint64_t> first_live_log() const;

  /// What its readers have found damaged.
  DamageLog& damage() const { return *damage_; }

  std::unique_ptr<rocksdb::ManagedSnapshot> snapshot() const {
    return std::make_unique<rocksdb::ManagedSnapshot>(db_.get());
  }

 private:
  friend class Scan;

  Database() = default;
  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_.at(static_cast<std::size_t>(family));
  }

  static Result<std::unique_ptr<Database>> open_with(const Options& options, bool damaged_tables);
  /// After a table turned out to be damaged: what cannot be merged would be tried again for ever.
  void stop_compactions();
  Error read_error(const rocksdb::Status& status) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::shared_ptr<DamageLog> damage_ = std::make_shared<DamageLog>();  ///< with RocksDB's threads
  /// A compaction met a damaged table.
  std::shared_ptr<std::atomic<bool>> met_damage_ = std::make_shared<std::atomic<bool>>(false);
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> handles_{};
};

/// Walks the keys of [lower, upper) in one family. The bounds keep it from stepping over deleted
/// neighbours (storage.md 3.7). Used by one thread.
class Scan {
 public:
  Scan(const Database& database, Family family, std::string lower, std::string upper,
       const rocksdb::Snapshot* snapshot = nullptr);
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  void to_first() { iterator_->SeekToFirst(); }
  void to_last() { iterator_->SeekToLast(); }
  /// To the first key at or above `key`.
  void to_first_at(std::string_view key) { iterator_->Seek({key.data(), key.size()}); }
  /// To the last key at or below `key`.
  void to_last_at(std::string_view key) { iterator_->SeekForPrev({key.data(), key.size()}); }
  void next() { iterator_->Next(); }
  void previous() { iterator_->Prev(); }
  /// False at the end and after an error; `status` tells which.
  bool valid() const { return iterator_->Valid(); }
  std::string_view key() const { return view(iterator_->key()); }
  std::string_view value() const { return view(iterator_->value()); }
  Status status() const;

 private:
  const Database& database_;
  std::string lower_;
  std::string upper_;
  rocksdb::Slice lower_slice_;
  rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace hawser::store
