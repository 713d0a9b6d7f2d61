#include "job/schedule.h"

#include <algorithm>

namespace hawser::job {
namespace {

/// Between two looks; after more, the process was stopped or its disk stood still.
constexpr Duration kStandstill = std::chrono::seconds(2);

/// The time until a wall time, never longer than `most`, whatever the clock on the wall was set to.
Duration until(WallMillis when, WallMillis now, Millis most) {
  return std::clamp(Millis(when - now), Millis(0), most);
}

}  // namespace

void Schedule::update(const JobRecord& record, Moment now) {
  auto found = jobs_.find(record.id);
  const bool is_new = found == jobs_.end();
  if (!is_active(record)) {
    if (is_new) return;
    move(found->second, Place::nowhere);
    disarm(record.id, found->second);
    jobs_.erase(found);
    return;
  }
  if (is_new) found = jobs_.emplace(record.id, Job{}).first;
  auto& job = found->second;
  read_times(job, record, policies_->of(*record.type), now, is_new);
  if (is_new) {
    job.owner = record.owner;
    job.type = record.type;
    job.order = {-record.priority, record.created_at, record.id};
  }
  if (!record.holder.empty()) {
    move(job, Place::held);
  } else if (record.queued) {
    move(job, job.ready_at > now.at ? Place::delayed : Place::queued);
  } else {
    move(job, Place::nowhere);
  }
  arm(record.id, job);
}

void Schedule::read_times(Job& job, const JobRecord& record, const Policy& policy, Moment now, bool is_new) {
  if (is_new || job.not_before != record.not_before) {
    job.not_before = record.not_before;
    job.ready_at = now.at + until(record.not_before, now.wall, record.delay);
  }
  const bool another_run = is_new || job.epoch != record.epoch;
  if (another_run || job.last_sequence != record.last_sequence) {
    job.epoch = record.epoch;
    job.last_sequence = record.last_sequence;
    job.heard_at = now.at;
    job.wrote_at = now.at;
  }
  job.begun = record.run_epoch == record.epoch;
  job.lease = record.lease;
  job.idle_timeout = policy.idle_timeout;
  if (is_new || job.series_started_at != record.series_started_at) {
    job.series_started_at = record.series_started_at;
    const bool runs_out = policy.deadline.count() > 0 && record.series_started_at > 0;
    const auto wall_end = record.series_started_at + policy.deadline.count();
    job.deadline = runs_out ? now.at + until(wall_end, now.wall, policy.deadline) : kNever;
  }
}

void Schedule::renew(const JobId& id, TimePoint now) {
  if (const auto job = jobs_.find(id); job != jobs_.end()) job->second.heard_at = now;
}

std::optional<JobId> Schedule::next(std::span<const std::string> types) const {
  std::optional<std::pair<Turn, Order>> best;
  for (const auto& type : types) {
    const auto turns = turns_.find(type);
    if (turns == turns_.end()) continue;
    const auto& turn = *turns->second.begin();
    const auto& owner = owners_.find(std::get<std::string_view>(turn))->second;
    const std::pair candidate(turn, *owner.queues.find(type)->second.begin());
    if (!best || candidate < *best) best = candidate;
  }
  if (!best) return std::nullopt;
  return std::get<JobId>(best->second);
}

std::vector<Schedule::Due> Schedule::take_due(TimePoint now, std::size_t most) {
  forgive_standstill(now);
  std::vector<Due> due;
  while (due.size() < most && !timers_.empty() && timers_.begin()->first <= now) {
    const auto id = timers_.begin()->second;
    auto& job = jobs_.find(id)->second;
    disarm(id, job);
    if (const auto overdue = overdue_of(job, now)) {
      due.push_back({id, overdue});  // Its timer is set again when it is updated.
      continue;
    }
    if (job.place == Place::delayed && job.ready_at <= now) {
      move(job, Place::queued);
      due.push_back({id, std::nullopt});
    }
    arm(id, job);  // It may have been heard of since its timer was set.
  }
  return due;
}

/// While nobody looked, nobody could be heard of either.
void Schedule::forgive_standstill(TimePoint now) {
  const auto gap = now - last_look_.value_or(now);
  last_look_ = now;
  if (gap <= kStandstill) return;
  for (auto& [id, job] : jobs_) {
    if (job.place != Place::held) continue;
    job.heard_at = std::min(now, job.heard_at + gap);
    job.wrote_at = std::min(now, job.wrote_at + gap);
  }
}

void Schedule::move(Job& job, Place place) {
  if (job.place == place) return;
  change_owner(*job.owner, [&](Owner& owner) {
    if (job.place == Place::held) --owner.held;
    if (job.place == Place::queued) {
      const auto queue = owner.queues.find(*job.type);
      queue->second.erase(job.order);
      if (queue->second.empty()) owner.queues.erase(queue);
    }
    if (place == Place::queued) owner.queues[*job.type].insert(job.order);
    if (place == Place::held) {
      ++owner.held;
      owner.served = ++last_served_;
    }
  });
  job.place = place;
}

/// Takes the owner's turns out of their order and puts them where they belong afterwards.
template <class Change>
void Schedule::change_owner(const std::string& name, Change change) {
  const auto found = owners_.try_emplace(name).first;
  auto& owner = found->second;
  const auto turn = [&] { return Turn(owner.held, owner.served, found->first); };
  for (const auto& [type, queue] : owner.queues) {
    const auto turns = turns_.find(type);
    turns->second.erase(turn());
    if (turns->second.empty()) turns_.erase(turns);
  }
  change(owner);
  for (const auto& [type, queue] : owner.queues) turns_[type].insert(turn());
  if (owner.held == 0 && owner.queues.empty()) owners_.erase(found);
}

TimePoint Schedule::lease_end(const Job& job) {
  return job.place == Place::held && job.lease.count() > 0 ? job.heard_at + job.lease : kNever;
}

TimePoint Schedule::idle_end(const Job& job) {
  const bool runs = job.place == Place::held && job.begun && job.idle_timeout.count() > 0;
  return runs ? job.wrote_at + job.idle_timeout : kNever;
}

TimePoint Schedule::first_due(const Job& job) {
  const auto ready = job.place == Place::delayed ? job.ready_at : kNever;
  return std::min({ready, lease_end(job), idle_end(job), job.deadline});
}

std::optional<Overdue> Schedule::overdue_of(const Job& job, TimePoint now) {
  if (job.deadline <= now) return Overdue::deadline;
  if (lease_end(job) <= now) return Overdue::lease;
  if (idle_end(job) <= now) return Overdue::idle;
  return std::nullopt;
}

void Schedule::arm(const JobId& id, Job& job) {
  const auto due = first_due(job);
  if (due >= job.timer) return;  // It is looked at in time, and then again.
  disarm(id, job);
  job.timer = due;
  timers_.emplace(due, id);
}

void Schedule::disarm(const JobId& id, Job& job) {
  if (job.timer != kNever) timers_.erase({job.timer, id});
  job.timer = kNever;
}

}  // namespace hawser::job
