#include "store/index_upgrade.h"

#include <spdlog/spdlog.h>

#include "store/index_rebuild.h"
#include "store/index_writer.h"
#include "store/keys.h"
#include "store/record_codec.h"

namespace hawser::store {
namespace {

Status know_owners(const Database& database, IndexWriter& writer) {
  Scan scan(database, Family::index, keys::all_owner_heads(), keys::after_prefix(keys::all_owner_heads()));
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto account = decode_account(scan.value());
    if (!account) return std::unexpected(database.damage().found("the account of an owner"));
    writer.know_owner(scan.key(), *account);
  }
  return scan.status();
}

}  // namespace

Status upgrade_index(Database& database, StoreMeta& meta, WallMillis now) {
  if (!meta.has_first_index) return {};
  spdlog::info("store: the index is brought to the form of this release");
  IndexWriter writer(database);
  if (auto known = know_owners(database, writer); !known) return known;
  Status status;
  for_each_readable(database, Family::job, [&](std::string_view, std::string_view value) {
    if (!status) return;
    if (const auto record = decode_record(value)) {
      status = writer.add(*record);
    } else if (const auto tombstone = decode_tombstone(value)) {
      status = writer.add(*tombstone);  // An upgrade that was done already.
    }
  });
  if (status) status = writer.add_owners();
  if (!status) return status;
  const auto old = keys::first_ended_jobs();
  database.erase_range(writer.rest(), Family::index, old, keys::after_prefix(old));
  put_upgrade(database, writer.rest(), now);
  meta.has_first_index = false;
  meta.retention_counted_from = now;
  return writer.flush();
}

}  // namespace hawser::store
