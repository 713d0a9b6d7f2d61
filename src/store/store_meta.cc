#include "store/store_meta.h"

#include <fmt/format.h>

#include <utility>

#include "base/big_endian.h"

namespace hawser::store {
namespace {

constexpr std::string_view kSchemaKey = "schema_version";
constexpr std::string_view kStoreIdKey = "store_id";
constexpr std::string_view kIncarnationKey = "incarnation";
constexpr std::string_view kRetentionKey = "retention_counted_from";
constexpr std::string_view kFirstSchemaVersion = "1";  // Another index; it is upgraded when a store opens.
constexpr std::string_view kSchemaVersion = "2";

constexpr std::size_t kStoreIdBytes = 16;
constexpr std::size_t kIncarnationBytes = 9;

Error damaged(std::string_view what) {
  return {Errc::corrupt, fmt::format("It is damaged: {}.", what)};
}

Result<StoreMeta> create(Database& database, Random& random) {
  Scan jobs(database, Family::job, {}, std::string(32, '\xff'));
  jobs.to_first();
  if (auto status = jobs.status(); !status) return std::unexpected(status.error());
  if (jobs.valid()) return std::unexpected(damaged("there are jobs, but no schema version"));
  StoreMeta meta{.store_id = random.token(kStoreIdBytes), .incarnation = random.token(kIncarnationBytes)};
  rocksdb::WriteBatch batch;
  database.put(batch, Family::meta, kSchemaKey, kSchemaVersion);
  database.put(batch, Family::meta, kStoreIdKey, meta.store_id);
  database.put(batch, Family::meta, kIncarnationKey, meta.incarnation);
  if (auto written = database.write(batch); !written) return std::unexpected(written.error());
  return meta;
}

Result<std::string> required(const Database& database, std::string_view key) {
  auto value = database.get(Family::meta, key);
  if (!value) return std::unexpected(value.error());
  if (!*value) return std::unexpected(damaged(fmt::format("the store has no {}", key)));
  return **std::move(value);
}

Error other_version(std::string_view version) {
  return {Errc::config,
          fmt::format("The data directory has schema version {}; this release reads version {}. "
                      "Start the release that wrote it.",
                      version, kSchemaVersion)};
}

bool is_known(std::string_view version) {
  return version == kSchemaVersion || version == kFirstSchemaVersion;
}

Result<WallMillis> retention_counted_from(const Database& database) {
  const auto value = database.get(Family::meta, kRetentionKey);
  if (!value) return std::unexpected(value.error());
  return *value && (*value)->size() == sizeof(std::uint64_t)
             ? static_cast<WallMillis>(read_big_endian(**value))
             : 0;
}

bool is_unreadable(const Database& database, std::string_view key) {
  const auto value = database.get(Family::meta, key);
  return !value || !*value;
}

}  // namespace

Status check_meta(const Database& database) {
  for (const auto key : {kStoreIdKey, kIncarnationKey, kRetentionKey}) {
    if (const auto value = database.get(Family::meta, key); !value) return std::unexpected(value.error());
  }
  const auto version = database.get(Family::meta, kSchemaKey);
  if (!version) return std::unexpected(version.error());
  if (*version && !is_known(**version)) return std::unexpected(other_version(**version));
  return {};
}

Status renew_meta(Database& database, Random& random) {
  rocksdb::WriteBatch batch;
  database.put(batch, Family::meta, kIncarnationKey, random.token(kIncarnationBytes));
  if (is_unreadable(database, kStoreIdKey)) {
    database.put(batch, Family::meta, kStoreIdKey, random.token(kStoreIdBytes));
  }
  // Every value names its own format, so none is misread if this should be another version. An upgrade that
  // is done once more changes nothing, but ages count from then.
  const bool lacks_version = is_unreadable(database, kSchemaKey);
  if (lacks_version || !database.get(Family::meta, kRetentionKey))
    database.put(batch, Family::meta, kSchemaKey, kFirstSchemaVersion);
  return database.write(batch);
}

void put_upgrade(const Database& database, rocksdb::WriteBatch& batch, WallMillis now) {
  std::string since;
  append_big_endian(since, static_cast<std::uint64_t>(now));
  database.put(batch, Family::meta, kSchemaKey, kSchemaVersion);
  database.put(batch, Family::meta, kRetentionKey, since);
}

Result<StoreMeta> open_meta(Database& database, Random& random) {
  const auto version = database.get(Family::meta, kSchemaKey);
  if (!version) return std::unexpected(version.error());
  if (!*version) return create(database, random);
  if (!is_known(**version)) return std::unexpected(other_version(**version));
  auto store_id = required(database, kStoreIdKey);
  if (!store_id) return std::unexpected(store_id.error());
  auto incarnation = required(database, kIncarnationKey);
  if (!incarnation) return std::unexpected(incarnation.error());
  StoreMeta meta{.store_id = *std::move(store_id), .incarnation = *std::move(incarnation)};
  meta.has_first_index = **version == kFirstSchemaVersion;
  if (meta.has_first_index) return meta;
  const auto counted_from = retention_counted_from(database);
  if (!counted_from) return std::unexpected(counted_from.error());
  meta.retention_counted_from = *counted_from;
  return meta;
}

}  // namespace hawser::store
