#include "store/index_writer.h"

#include <algorithm>

#include "base/big_endian.h"
#include "store/keys.h"

namespace hawser::store {
namespace {

constexpr std::size_t kEntriesPerWrite = 10'000;

}  // namespace

void IndexWriter::know_owner(std::string_view key, const OwnerAccount& account) {
  auto& owner = owners_[std::string(key)];
  owner.head = account.head;
  owner.floor = account.floor;
}

Status IndexWriter::add(const job::JobRecord& record) {
  auto& owner = owners_[keys::owner_head(*record.owner)];
  owner.head = std::max(owner.head, record.last_position);
  if (!job::is_active(record)) owner.ended.add(record);
  if (!record.idempotency_key.empty()) {
    auto written = put(keys::idempotency(*record.owner, record.idempotency_key), keys::job(record.id));
    if (!written) return written;
  }
  for (const auto& entry : keys::entries(record)) {
    if (auto written = put(entry, {}); !written) return written;
  }
  return {};
}

Status IndexWriter::add(const job::Tombstone& tombstone) {
  ++tombstones_;
  auto& owner = owners_[keys::owner_head(tombstone.owner)];
  owner.head = std::max(owner.head, tombstone.last_position);
  owner.floor = std::max(owner.floor, tombstone.last_position);
  if (!tombstone.idempotency_key.empty()) {
    auto written =
        put(keys::idempotency(tombstone.owner, tombstone.idempotency_key), keys::job(tombstone.id));
    if (!written) return written;
  }
  return put(keys::tombstone(tombstone.deleted_at, tombstone.id), {});
}

Status IndexWriter::add_owners() {
  for (const auto& [key, account] : owners_) {
    if (account == OwnerAccount{}) continue;  // A job that has written nothing.
    if (auto written = put(key, encode_account(account)); !written) return written;
  }
  std::string count;
  append_big_endian(count, tombstones_);
  return put(keys::tombstone_count(), count);
}

Status IndexWriter::put(std::string_view key, std::string_view value) {
  database_.put(batch_, Family::index, key, value);
  return batch_.Count() < kEntriesPerWrite ? Status{} : flush();
}

Status IndexWriter::flush() {
  auto written = database_.write(batch_);
  batch_.Clear();
  return written;
}

}  // namespace hawser::store
