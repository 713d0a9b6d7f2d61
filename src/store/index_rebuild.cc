#include "store/index_rebuild.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "store/index_writer.h"
#include "store/job_log.h"
#include "store/keys.h"

namespace hawser::store {
namespace {

Scan whole(const Database& database, Family family) {
  return {database, family, {}, std::string(32, '\xff')};
}

using Owners = std::map<std::string, OwnerAccount, std::less<>>;  ///< by the key of their account

struct Remains {
  Owners owners;
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
      if (const auto account = decode_account(value)) remains.owners.emplace(key, *account);
    } else if (const auto id = keys::trailing_id(value.empty() ? key : value)) {
      remains.ids.insert(*id);
    }
  });
  return remains;
}

/// Errors: damaged; not_found, when nothing is left of the job.
Status add(const Database& database, IndexWriter& writer, const JobId& id) {
  const auto record = load_record(database, id);
  if (record) return writer.add(*record);
  if (record.error().code != Errc::not_found) return std::unexpected(record.error());
  const auto tombstone = load_tombstone(database, id);
  if (!tombstone) return std::unexpected(tombstone.error());
  return writer.add(*tombstone);
}

}  // namespace

void for_each_readable(const Database& database, Family family,
                       const std::function<void(std::string_view key, std::string_view value)>& on_entry) {
  Scan forward = whole(database, family);
  for (forward.to_first(); forward.valid(); forward.next()) on_entry(forward.key(), forward.value());
  if (forward.status()) return;  // That was all.
  Scan backward = whole(database, family);
  for (backward.to_last(); backward.valid(); backward.previous()) on_entry(backward.key(), backward.value());
}

bool is_index_damaged(const Database& database) {
  if (!database.has(Family::index)) return true;
  Scan scan = whole(database, Family::index);
  scan.to_first();
  while (scan.valid()) scan.next();
  return !scan.status();
}

Result<std::vector<JobId>> rebuild_index(Database& database) {
  const auto [owners, ids] = collect(database);
  if (auto made = database.recreate(Family::index); !made) return std::unexpected(made.error());
  IndexWriter writer(database);
  for (const auto& [key, account] : owners) writer.know_owner(key, account);
  std::vector<JobId> damaged;
  for (const auto& id : ids) {
    const auto added = add(database, writer, id);
    if (added || added.error().code == Errc::not_found) continue;
    if (added.error().code != Errc::damaged) return std::unexpected(added.error());
    damaged.push_back(id);
  }
  if (auto added = writer.add_owners(); !added) return std::unexpected(added.error());
  if (auto written = writer.flush(); !written) return std::unexpected(written.error());
  return damaged;
}

}  // namespace hawser::store
