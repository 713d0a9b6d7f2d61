#include "store/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "store/keys.h"
#include "store/rocksdb_log.h"

namespace hawser::store {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

rocksdb::CompressionType best_of(std::initializer_list<rocksdb::CompressionType> wanted) {
  const auto built_in = rocksdb::GetSupportedCompressions();
  for (const auto type : wanted) {
    if (std::ranges::find(built_in, type) != built_in.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions table_options(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.block_size = 16 * kKiB;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

/// The job of an event key; other keys have none. RocksDB 7.8 keeps one place for the next insert of each
/// prefix, also across its two lists, of keys and of deleted ranges: a range that began with a prefix would
/// be linked into the wrong list. A range of a log begins with the bare id, which has no prefix here.
class JobOfEvent final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "hawser.JobOfEvent"; }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > keys::kIdBytes; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), keys::kIdBytes}; }
};

rocksdb::ColumnFamilyOptions family(const rocksdb::BlockBasedTableOptions& table, std::size_t memtable) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = memtable;
  options.level_compaction_dynamic_level_bytes = true;
  // A deleted log is one small entry, which no size ever sends down to what it covers.
  options.ttl = std::chrono::seconds(std::chrono::hours(24)).count();
  options.compression = best_of({rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  options.bottommost_compression = best_of({rocksdb::kZSTD, rocksdb::kLZ4Compression});
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(rocksdb::Env& env) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // docs/decisions/0001: what is torn was cut before; anything else is a reason not to open.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  options.track_and_verify_wals_in_manifest = true;
  // The tables of all families end at the same write, so that a log which is cut further back than its end
  // still goes on exactly where they stop (docs/decisions/0004).
  options.atomic_flush = true;
  options.recycle_log_file_num = 0;
  options.max_total_wal_size = 64 * kMiB;  // Bounds the replay at start to about half a second.
  options.max_bgerror_resume_count = 0;    // An error of the disk is never retried (DESIGN 1, law 2).
  options.bytes_per_sync = kMiB;
  options.max_background_jobs = 2;
  options.max_open_files = 512;
  // One writer: the insert hint of `ev` needs it, and no time is spent on waiting for others.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  options.stats_dump_period_sec = 0;
  options.info_log = std::make_shared<RocksDbLog>();
  return options;
}

FamilyOptions::FamilyOptions(std::shared_ptr<rocksdb::Cache> cache) {
  auto table = table_options(std::move(cache));
  meta = family(table, kMiB);
  job = family(table, 16 * kMiB);
  index = family(table, 16 * kMiB);

  input = family(table, 16 * kMiB);
  input.enable_blob_files = true;  // Compactions do not rewrite large inputs.
  input.min_blob_size = 4 * kKiB;
  input.enable_blob_garbage_collection = true;

  table.whole_key_filtering = false;
  event = family(table, 64 * kMiB);
  event.max_write_buffer_number = 4;
  event.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(keys::kIdBytes));
  event.memtable_insert_with_hint_prefix_extractor = std::make_shared<JobOfEvent>();
}

}  // namespace hawser::store
