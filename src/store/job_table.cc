#include "store/job_table.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "job/transition.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/record_codec.h"

namespace hawser::store {

Status JobTable::load(Moment now) {
  if (auto done = load_retention(); !done) {
    spdlog::error(
        "store: the index of ended jobs is damaged, none of them is deleted any more; "
        "'hawser doctor --repair' makes it anew");
    collector_.give_up();
  }
  auto loaded = load_indexed(now);
  if (loaded || loaded.error().code != Errc::damaged) return loaded;
  spdlog::error(
      "store: the index of unfinished jobs is damaged, all jobs are looked through instead; "
      "'hawser doctor --repair' makes it anew");
  active_.clear();
  owners_.clear();
  schedule_.clear();
  return load_from_records(now);
}

Status JobTable::load_retention() {
  const auto count = database_.get(Family::index, keys::tombstone_count());
  if (!count) return std::unexpected(count.error());
  if (*count && (*count)->size() == sizeof(std::uint64_t)) tombstones_ = read_big_endian(**count);
  if (!collector_.bounds_owners()) return {};
  Scan scan(database_, Family::index, keys::all_owner_heads(), keys::after_prefix(keys::all_owner_heads()));
  for (scan.to_first(); scan.valid(); scan.next()) {
    if (const auto account = decode_account(scan.value())) {
      collector_.note_owner(keys::owner_of_head(scan.key()), account->ended);
    }
  }
  return scan.status();
}

Status JobTable::load_indexed(Moment now) {
  Scan scan(database_, Family::index, keys::all_active_jobs(), keys::after_prefix(keys::all_active_jobs()));
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto id = keys::trailing_id(scan.key());
    if (!id) return std::unexpected(database_.damage().found("an index entry of an active job"));
    auto record = load_record(database_, *id);
    if (auto loaded = record ? load_active(*std::move(record), now) : skip_damaged(*id, record.error());
        !loaded)
      return loaded;
  }
  return scan.status();
}

Status JobTable::load_from_records(Moment now) {
  Scan scan(database_, Family::job, {}, std::string(keys::kIdBytes + 1, '\xff'));
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto id = keys::trailing_id(scan.key());
    if (is_tombstone(scan.value())) continue;
    auto record = decode_record(scan.value());
    if (!id || !record) {
      database_.damage().found(id.value_or(JobId{}));
    } else if (auto loaded = job::is_active(*record) ? load_active(*std::move(record), now) : Status{};
               !loaded) {
      return loaded;
    }
  }
  return scan.status();
}

/// A damaged job is not in the table, so it is not run; the others are.
Status JobTable::skip_damaged(const JobId& id, const Error& error) const {
  if (error.code != Errc::damaged && error.code != Errc::not_found) return std::unexpected(error);
  database_.damage().found(id);
  return {};
}

Status JobTable::load_active(job::JobRecord record, Moment now) {
  auto owner = owners_.find(*record.owner);
  if (owner == owners_.end()) {
    const auto account = load_account(database_, *record.owner);
    if (!account) return skip_damaged(record.id, account.error());
    owner = owners_.emplace(*record.owner, Owner{*account, *account, 0}).first;
  }
  ++owner->second.active;
  schedule_.update(record, now);
  const auto id = record.id;
  active_.emplace(id, std::move(record));
  return {};
}

Result<std::size_t> JobTable::take_back_leases(Moment now) {
  std::size_t count = 0;
  for (const auto& [id, record] : active_) {
    if (record.holder.empty() || record.lease.count() > 0) continue;
    if (auto found = owner(*record.owner); !found) return std::unexpected(found.error());
    put(&record, job::take_back(record), now);
    ++count;
  }
  return count;
}

Result<const job::JobRecord*> JobTable::find(const JobId& id) {
  if (const auto staged = staged_jobs_.find(id); staged != staged_jobs_.end()) {
    return staged->second.after ? &*staged->second.after : nullptr;
  }
  if (const auto active = active_.find(id); active != active_.end()) return &active->second;
  if (const auto visitor = visitors_.find(id); visitor != visitors_.end()) return &visitor->second;
  auto record = load_record(database_, id);
  if (record) return &visitors_.emplace(id, *std::move(record)).first->second;
  if (record.error().code == Errc::not_found) return nullptr;
  return std::unexpected(record.error());
}

Result<std::optional<job::Tombstone>> JobTable::find_tombstone(const JobId& id) const {
  if (const auto staged = staged_jobs_.find(id); staged != staged_jobs_.end())
    return staged->second.tombstone;
  if (active_.contains(id) || forgotten_.contains(id)) return std::nullopt;
  auto tombstone = load_tombstone(database_, id);
  if (tombstone) return *std::move(tombstone);
  if (tombstone.error().code == Errc::not_found) return std::nullopt;
  return std::unexpected(tombstone.error());
}

Result<JobTable::Owner*> JobTable::owner(std::string_view name) {
  if (const auto staged = staged_owners_.find(name); staged != staged_owners_.end()) return &staged->second;
  const auto known = owners_.find(name);
  const auto owner = known != owners_.end() ? Result<Owner>(known->second) : load_owner(name);
  if (!owner) return std::unexpected(owner.error());
  return &staged_owners_.emplace(name, *owner).first->second;
}

Result<JobTable::Owner> JobTable::load_owner(std::string_view name) const {
  const auto account = load_account(database_, name);
  if (!account) return std::unexpected(account.error());
  return Owner{*account, *account, 0};  // One with active jobs is in the table.
}

void JobTable::put(const job::JobRecord* before, job::JobRecord record, Moment now) {
  const bool was_active = before != nullptr && job::is_active(*before);
  auto& owner = staged_owners_.find(*record.owner)->second;
  if (before != nullptr && !was_active) owner.account.ended.remove(*before);
  if (job::is_active(record) && !was_active) ++owner.active;
  if (!job::is_active(record)) {
    if (was_active) --owner.active;
    owner.account.ended.add(record);
    auto& oldest = owner.account.oldest.at(job::ended_index(record.state));
    oldest = std::min(oldest, record.last_position);
    collector_.note_ended(record, owner.account.ended);
  }
  schedule_.update(record, now);
  const auto id = record.id;
  if (const auto staged = staged_jobs_.find(id); staged != staged_jobs_.end()) {
    staged->second.after = std::move(record);
    return;
  }
  Staged staged{{}, std::move(record), {}};
  if (before != nullptr) staged.before = *before;
  staged_jobs_.emplace(id, std::move(staged));
}

void JobTable::bury(const job::JobRecord& record, job::Tombstone tombstone) {
  const auto id = record.id;
  auto& account = staged_owners_.find(*record.owner)->second.account;
  account.ended.remove(record);
  account.floor = std::max(account.floor, record.last_position);
  collector_.note_tombstone(tombstone.deleted_at);
  ++tombstones_;
  tombstones_changed_ = true;
  auto& staged = staged_jobs_.try_emplace(id, Staged{record, {}, {}}).first->second;
  staged.tombstone = std::move(tombstone);
  staged.after.reset();
}

void JobTable::forget(const job::Tombstone& tombstone) {
  if (tombstones_ > 0) --tombstones_;
  tombstones_changed_ = true;
  forgotten_.emplace(tombstone.id, tombstone.deleted_at);
}

void JobTable::write_job(rocksdb::WriteBatch& batch, const JobId& id, const Staged& staged) const {
  const auto& [before, after, tombstone] = staged;
  database_.put(batch, Family::job, keys::job(id),
                after ? encode_record(*after) : encode_tombstone(*tombstone));
  if (tombstone) database_.put(batch, Family::index, keys::tombstone(tombstone->deleted_at, id), {});
  // An active job keeps its entry, however often it is written.
  if (before && after && job::is_active(*before) && job::is_active(*after)) return;
  const auto old_entries = before ? keys::entries(*before) : std::vector<std::string>();
  const auto entries = after ? keys::entries(*after) : std::vector<std::string>();
  if (entries == old_entries) return;
  for (const auto& entry : old_entries) database_.erase(batch, Family::index, entry);
  for (const auto& entry : entries) database_.put(batch, Family::index, entry, {});
}

void JobTable::write_to(rocksdb::WriteBatch& batch) const {
  for (const auto& [id, staged] : staged_jobs_) write_job(batch, id, staged);
  for (const auto& [id, deleted_at] : forgotten_) {
    database_.erase(batch, Family::job, keys::job(id));
    database_.erase(batch, Family::index, keys::tombstone(deleted_at, id));
  }
  if (tombstones_changed_) {
    std::string count;
    append_big_endian(count, tombstones_);
    database_.put(batch, Family::index, keys::tombstone_count(), count);
  }
  for (const auto& [name, owner] : staged_owners_) {
    if (owner.account == owner.durable) continue;
    database_.put(batch, Family::index, keys::owner_head(name), encode_account(owner.account));
  }
}

void JobTable::install() {
  for (auto& [id, staged] : staged_jobs_) {
    if (staged.after && job::is_active(*staged.after)) {
      active_.insert_or_assign(id, *std::move(staged.after));
    } else {
      active_.erase(id);
    }
  }
  for (auto& [name, owner] : staged_owners_) {
    owner.durable = owner.account;
    if (owner.active > 0) {
      owners_.insert_or_assign(name, owner);
    } else {
      owners_.erase(name);
    }
  }
  staged_jobs_.clear();
  staged_owners_.clear();
  forgotten_.clear();
  tombstones_changed_ = false;
  visitors_.clear();
}

}  // namespace hawser::store
