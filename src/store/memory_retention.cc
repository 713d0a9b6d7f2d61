#include <algorithm>
#include <utility>

#include "job/errors.h"
#include "store/memory_state.h"
#include "store/refusals.h"

// How the memory store deletes ended jobs.
namespace hawser::store {

class MemoryState::Ended final : public job::EndedJobs {
 public:
  Ended(MemoryState& state, WallMillis now) : state_(state), now_(now) {}

  Result<std::optional<job::JobRecord>> oldest(job::JobState state, WallMillis from) override {
    const auto& jobs = state_.by_end_.at(job::ended_index(state));
    const auto first = jobs.lower_bound({from, JobId{}});
    return first == jobs.end() ? std::nullopt : record_of(first->second);
  }
  Result<std::optional<job::JobRecord>> oldest_of(std::string_view owner, job::JobState state) override {
    const auto& jobs = state_.find_owner(owner)->ended_jobs.at(job::ended_index(state));
    return jobs.empty() ? std::nullopt : record_of(jobs.begin()->second);
  }
  Result<job::EndedTotals> totals(std::string_view owner) override { return state_.find_owner(owner)->ended; }
  Status remove(const job::JobRecord& record) override {
    state_.remove(record.id, now_);
    return {};
  }
  std::size_t tombstones() const override { return state_.tombstones_.size(); }
  Result<std::optional<job::Tombstone>> oldest_tombstone(WallMillis from) override {
    const auto first = state_.deletions_.lower_bound({from, JobId{}});
    if (first == state_.deletions_.end()) return std::nullopt;
    return *state_.find_tombstone(first->second);
  }
  Status forget(const job::Tombstone& tombstone) override {
    state_.forget(tombstone);
    return {};
  }

 private:
  std::optional<job::JobRecord> record_of(const JobId& id) const { return state_.find(id)->record; }

  MemoryState& state_;
  WallMillis now_;
};

MemoryState::Outcome MemoryState::run(job::Purge&& command, Moment now) {
  if (const auto* tombstone = find_tombstone(command.id)) return {reply_to_purge(*tombstone, true), {}};
  const auto* job = find(command.id);
  if (job == nullptr) return {std::unexpected(job::not_found(command.id)), {}};
  if (job::is_active(job->record)) return {std::unexpected(not_ended(command.id)), {}};
  Outcome outcome{job::reply_to(job->record, false), {}};
  remove(command.id, now.wall);
  return outcome;
}

void MemoryState::collect(Moment now) {
  Ended ended(*this, now.wall);
  static_cast<void>(collector_.sweep(ended, now));  // Nothing here can fail.
}

void MemoryState::forget_ended(const job::JobRecord& record) {
  auto& owner = owners_.find(*record.owner)->second;
  owner.ended.remove(record);
  owner.ended_jobs.at(job::ended_index(record.state)).erase(record.last_position);
  by_end_.at(job::ended_index(record.state)).erase({record.ended_at, record.id});
}

void MemoryState::note_ended(const job::JobRecord& record) {
  auto& owner = owners_.find(*record.owner)->second;
  owner.ended.add(record);
  owner.ended_jobs.at(job::ended_index(record.state)).emplace(record.last_position, record.id);
  by_end_.at(job::ended_index(record.state)).emplace(record.ended_at, record.id);
  collector_.note_ended(record, owner.ended);
}

void MemoryState::remove(const JobId& id, WallMillis now) {
  const auto found = jobs_.find(id);
  const auto& record = found->second.record;
  auto tombstone = job::make_tombstone(record, now);
  if (job::holds_its_key(tombstone, now)) {
    tombstone.input_hash = job::hash_of_input(found->second.input);
  } else {
    free_key(tombstone);
    tombstone.idempotency_key.clear();
  }
  auto& owner = owners_.find(*record.owner)->second;
  for (; owner.floor < record.last_position; ++owner.floor) owner.events.pop_front();
  forget_ended(record);
  collector_.note_tombstone(now);
  deletions_.emplace(now, id);
  tombstones_.emplace(id, std::move(tombstone));
  jobs_.erase(found);
}

void MemoryState::forget(const job::Tombstone& tombstone) {
  const auto id = tombstone.id;
  free_key(tombstone);
  deletions_.erase({tombstone.deleted_at, id});
  tombstones_.erase(id);
}

/// Unless another job has it by now.
void MemoryState::free_key(const job::Tombstone& tombstone) {
  const auto key = keys_.find(std::pair(tombstone.owner, tombstone.idempotency_key));
  if (key != keys_.end() && key->second == tombstone.id) keys_.erase(key);
}

}  // namespace hawser::store
