#include "job/collector.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace hawser::job {

void Collector::note_ended(const JobRecord& record, const EndedTotals& totals) {
  auto& oldest = oldest_[ended_index(record.state)];
  oldest = std::min(oldest, record.ended_at);
  note_owner(*record.owner, totals);
}

bool Collector::bounds_owners() const {
  return retention_.max_bytes > 0 ||
         std::ranges::any_of(retention_.bounds, [](const auto& bounds) { return bounds.max_count > 0; });
}

void Collector::note_owner(std::string_view owner, const EndedTotals& totals) {
  if (is_over(totals) && !over_.contains(owner)) watch(owner, 0);
}

void Collector::note_tombstone(WallMillis deleted_at) {
  oldest_tombstone_ = std::min(oldest_tombstone_, deleted_at);
}

Result<std::size_t> Collector::sweep(EndedJobs& jobs, Moment now) {
  deleted_ = 0;
  if (!trusts_clock(now) || gave_up_) return 0;
  budget_ = limits::kSweepDeletions;
  for (const auto state : kEndedStates) {
    if (auto done = by_age(jobs, state, now.wall); !done) return std::unexpected(done.error());
  }
  if (auto done = by_owner(jobs, now.wall); !done) return std::unexpected(done.error());
  if (auto done = forget(jobs, now.wall); !done) return std::unexpected(done.error());
  return deleted_;
}

bool Collector::trusts_clock(Moment now) {
  const auto monotonic = std::chrono::duration_cast<Millis>(now.at.time_since_epoch()).count();
  const auto offset = now.wall - monotonic;
  if (!steady_since_ || std::abs(offset - offset_) > Millis(limits::kClockStep).count()) {
    steady_since_ = now.at;
    offset_ = offset;
  }
  return now.at - *steady_since_ >= limits::kClockTrust;
}

bool Collector::is_over(const EndedTotals& totals) const {
  if (retention_.max_bytes > 0 && totals.bytes > retention_.max_bytes) return true;
  return std::ranges::any_of(kEndedStates, [&](JobState state) {
    const auto most = retention_.of(state).max_count;
    return most > 0 && totals.jobs[ended_index(state)] > most;
  });
}

Status Collector::by_age(EndedJobs& jobs, JobState state, WallMillis now) {
  const auto age = std::max<Millis>(retention_.of(state).max_age, limits::kMinEndedAge).count();
  if (retention_.of(state).max_age.count() == 0) return {};
  auto& oldest = oldest_[ended_index(state)];
  // Not `oldest + age`: the time of none at all is the last one there is.
  while (budget_ > 0 && now - age >= std::max(oldest, counted_from_)) {
    const auto job = jobs.oldest(state, oldest);
    if (!job) return std::unexpected(job.error());
    oldest = *job ? (*job)->ended_at : kNever;
    if (now - age < std::max(oldest, counted_from_)) break;
    if (auto removed = remove(jobs, **job, now); !removed) return removed;
  }
  return {};
}

Status Collector::by_owner(EndedJobs& jobs, WallMillis now) {
  while (budget_ > 0 && !due_.empty() && due_.begin()->first <= now) {
    const auto owner = due_.begin()->second;
    if (auto done = relieve(jobs, owner, now); !done) return done;
  }
  return {};
}

/// Until the owner has no more than he may, or what is too much is too young.
Status Collector::relieve(EndedJobs& jobs, const std::string& owner, WallMillis now) {
  for (;;) {
    const auto job = surplus(jobs, owner);
    if (!job) return std::unexpected(job.error());
    if (!*job) {
      const auto found = over_.find(owner);
      due_.erase({found->second, owner});
      over_.erase(found);
      return {};
    }
    const auto due = std::max((*job)->ended_at, counted_from_) + Millis(limits::kMinEndedAge).count();
    if (due > now || budget_ == 0) {
      watch(owner, std::max(due, now));
      return {};
    }
    if (auto removed = remove(jobs, **job, now); !removed) return removed;
  }
}

/// The oldest of those jobs of which there are too many, or which take too much.
Result<std::optional<JobRecord>> Collector::surplus(EndedJobs& jobs, std::string_view owner) const {
  const auto totals = jobs.totals(owner);
  if (!totals) return std::unexpected(totals.error());
  const bool large = retention_.max_bytes > 0 && totals->bytes > retention_.max_bytes;
  std::optional<JobRecord> first;
  for (const auto state : kEndedStates) {
    const auto most = retention_.of(state).max_count;
    if (!large && (most == 0 || totals->jobs[ended_index(state)] <= most)) continue;
    auto job = jobs.oldest_of(owner, state);
    if (!job) return job;
    if (*job && (!first || (*job)->ended_at < first->ended_at)) first = *std::move(job);
  }
  return first;
}

Status Collector::forget(EndedJobs& jobs, WallMillis now) {
  while (budget_ > 0) {
    const bool too_many = jobs.tombstones() > retention_.max_tombstones;
    const auto age = too_many ? Millis(limits::kIdempotencyMinAge) : retention_.tombstone_age;
    if (now - age.count() < oldest_tombstone_) return {};
    const auto tombstone = jobs.oldest_tombstone(oldest_tombstone_);
    if (!tombstone) return std::unexpected(tombstone.error());
    oldest_tombstone_ = *tombstone ? (*tombstone)->deleted_at : kNever;
    if (now - age.count() < oldest_tombstone_) return {};
    --budget_;
    if (auto done = jobs.forget(**tombstone); !done) return done;
  }
  return {};
}

Status Collector::remove(EndedJobs& jobs, const JobRecord& record, WallMillis now) {
  const bool singly = record.last_sequence <= limits::kErasedSingly;
  const auto cost = 1 + (singly ? record.last_sequence / limits::kErasedForOne : 0);
  budget_ -= std::min<std::size_t>(budget_, cost);
  ++deleted_;
  note_tombstone(now);
  return jobs.remove(record);
}

void Collector::watch(std::string_view owner, WallMillis when) {
  auto found = over_.find(owner);
  if (found == over_.end()) {
    found = over_.emplace(owner, when).first;
  } else {
    due_.erase({found->second, found->first});
    found->second = when;
  }
  due_.emplace(when, found->first);
}

}  // namespace hawser::job
