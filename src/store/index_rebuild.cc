#include "store/index_rebuild.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "store/codec.h"
#include "store/job_log.h"
#include "store/keys.h"

namespace hawser::store {
namespace {

constexpr std::size_t kEntriesPerWrite = 10'000;

Scan whole(const Database& database, Family family) {
  return {database, family, {}, std::string(32, '\xff')};
}

/// Calls `on_entry` for what can be reached from both ends of a family.
template <class OnEntry>
void for_each_readable(const Database& database, Family family, OnEntry on_entry) {
  Scan forward = whole(database, family);
  for (forward.to_first(); forward.valid(); forward.next()) on_entry(forward.key(), forward.value());
  if (forward.status()) return;  // That was all.
  Scan backward = whole(database, family);
  for (backward.to_last(); backward.valid(); backward.previous()) on_entry(backward.key(), backward.value());
}

/// By the key of the owner's entry.
using Heads = std::map<std::string, std::uint64_t, std::less<>>;

struct Remains {
  Heads heads;
  std::set<JobId> ids;
};

/// Every id that something readable names: a record in a damaged block still has its input and index entries.
Remains collect(const Database& database) {
  Remains remains;
  for (const auto family : {Family::job, Family::input}) {
    for_each_readable(database, family, [&](std::string_view key, std::string_view) {
      if (const auto id = keys::trailing_id(key)) remains.ids.insert(*id);
    });
  }
  for_each_readable(database, Family::index, [&](std::string_view key, std::string_view value) {
    if (keys::is_owner_head(key)) {
      if (value.size() == sizeof(std::uint64_t)) remains.heads.emplace(key, read_big_endian(value));
    } else if (const auto id = keys::trailing_id(value.empty() ? key : value)) {
      remains.ids.insert(*id);
    }
  });
  return remains;
}

class Writer {
 public:
  explicit Writer(Database& database) : database_(database) {}

  Status put(std::string_view key, std::string_view value) {
    database_.put(batch_, Family::index, key, value);
    return batch_.Count() < kEntriesPerWrite ? Status{} : flush();
  }
  Status flush() {
    auto written = database_.write(batch_);
    batch_.Clear();
    return written;
  }

 private:
  Database& database_;
  rocksdb::WriteBatch batch_;
};

Status put_entries(Writer& writer, const job::JobRecord& record) {
  if (!record.idempotency_key.empty()) {
    auto put = writer.put(keys::idempotency(*record.owner, record.idempotency_key), keys::job(record.id));
    if (!put) return put;
  }
  return writer.put(keys::stream_entry(record), {});
}

Status put_heads(Writer& writer, const Heads& heads) {
  for (const auto& [key, position] : heads) {
    std::string value;
    append_big_endian(value, position);
    if (auto put = writer.put(key, value); !put) return put;
  }
  return writer.flush();
}

}  // namespace

bool is_index_damaged(const Database& database) {
  if (!database.has(Family::index)) return true;
  Scan scan = whole(database, Family::index);
  scan.to_first();
  while (scan.valid()) scan.next();
  return !scan.status();
}

Result<std::vector<JobId>> rebuild_index(Database& database) {
  auto [heads, ids] = collect(database);
  if (auto made = database.recreate(Family::index); !made) return std::unexpected(made.error());
  Writer writer(database);
  std::vector<JobId> damaged;
  for (const auto& id : ids) {
    const auto record = load_record(database, id);
    if (!record && record.error().code == Errc::not_found) continue;
    if (!record && record.error().code != Errc::damaged) return std::unexpected(record.error());
    if (!record) {
      damaged.push_back(id);
      continue;
    }
    auto& head = heads[keys::owner_head(*record->owner)];
    head = std::max(head, record->last_position);
    if (auto put = put_entries(writer, *record); !put) return std::unexpected(put.error());
  }
  if (auto put = put_heads(writer, heads); !put) return std::unexpected(put.error());
  return damaged;
}

}  // namespace hawser::store
