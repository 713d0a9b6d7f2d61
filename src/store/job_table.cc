#include "store/job_table.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "job/transition.h"
#include "store/codec.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/record_codec.h"

namespace hawser::store {

Status JobTable::load(Moment now) {
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
    const auto head = load_owner_head(database_, *record.owner);
    if (!head) return skip_damaged(record.id, head.error());
    owner = owners_.emplace(*record.owner, Owner{.head = *head, .durable_head = *head, .active = 0}).first;
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
  if (const auto staged = staged_jobs_.find(id); staged != staged_jobs_.end()) return &staged->second.after;
  if (const auto active = active_.find(id); active != active_.end()) return &active->second;
  if (const auto visitor = visitors_.find(id); visitor != visitors_.end()) return &visitor->second;
  auto record = load_record(database_, id);
  if (record) return &visitors_.emplace(id, *std::move(record)).first->second;
  if (record.error().code == Errc::not_found) return nullptr;
  return std::unexpected(record.error());
}

Result<JobTable::Owner*> JobTable::owner(std::string_view name) {
  if (const auto staged = staged_owners_.find(name); staged != staged_owners_.end()) return &staged->second;
  const auto known = owners_.find(name);
  const auto owner = known != owners_.end() ? Result<Owner>(known->second) : load_owner(name);
  if (!owner) return std::unexpected(owner.error());
  return &staged_owners_.emplace(name, *owner).first->second;
}

Result<JobTable::Owner> JobTable::load_owner(std::string_view name) const {
  const auto head = load_owner_head(database_, name);
  if (!head) return std::unexpected(head.error());
  return Owner{.head = *head, .durable_head = *head, .active = 0};  // One with active jobs is in the table.
}

void JobTable::put(const job::JobRecord* before, job::JobRecord record, Moment now) {
  const bool was_active = before != nullptr && job::is_active(*before);
  auto& owner = staged_owners_.find(*record.owner)->second;
  if (job::is_active(record) && !was_active) ++owner.active;
  if (!job::is_active(record) && was_active) --owner.active;
  schedule_.update(record, now);
  const auto id = record.id;
  if (const auto staged = staged_jobs_.find(id); staged != staged_jobs_.end()) {
    staged->second.after = std::move(record);
    return;
  }
  Staged staged{.before = {}, .after = std::move(record)};
  if (before != nullptr) staged.before = *before;
  staged_jobs_.emplace(id, std::move(staged));
}

void JobTable::write_to(rocksdb::WriteBatch& batch) const {
  for (const auto& [id, staged] : staged_jobs_) {
    database_.put(batch, Family::job, keys::job(id), encode_record(staged.after));
    const auto entry = keys::stream_entry(staged.after);
    const auto old_entry = staged.before ? keys::stream_entry(*staged.before) : std::string();
    if (entry == old_entry) continue;
    if (!old_entry.empty()) database_.erase(batch, Family::index, old_entry);
    database_.put(batch, Family::index, entry, {});
  }
  for (const auto& [name, owner] : staged_owners_) {
    if (owner.head == owner.durable_head) continue;
    std::string head;
    append_big_endian(head, owner.head);
    database_.put(batch, Family::index, keys::owner_head(name), head);
  }
}

void JobTable::install() {
  for (auto& [id, staged] : staged_jobs_) {
    if (job::is_active(staged.after)) {
      active_.insert_or_assign(id, std::move(staged.after));
    } else {
      active_.erase(id);
    }
  }
  for (auto& [name, owner] : staged_owners_) {
    owner.durable_head = owner.head;
    if (owner.active > 0) {
      owners_.insert_or_assign(name, owner);
    } else {
      owners_.erase(name);
    }
  }
  staged_jobs_.clear();
  staged_owners_.clear();
  visitors_.clear();
}

}  // namespace hawser::store
