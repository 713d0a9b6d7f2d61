#include "store/memory_state.h"

#include <optional>
#include <type_traits>
#include <utility>

#include "job/errors.h"
#include "store/refusals.h"

namespace hawser::store {

using job::Reply;

MemoryState::Outcome MemoryState::execute(job::Command command, Moment now) {
  return std::visit([&](auto& one) { return run(std::move(one), now); }, command);
}

const MemoryState::Job* MemoryState::find(const JobId& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const job::Tombstone* MemoryState::find_tombstone(const JobId& id) const {
  const auto found = tombstones_.find(id);
  return found == tombstones_.end() ? nullptr : &found->second;
}

const MemoryState::Owner* MemoryState::find_owner(std::string_view owner) const {
  const auto found = owners_.find(owner);
  return found == owners_.end() ? nullptr : &found->second;
}

MemoryState::Outcome MemoryState::run(job::Start&& command, Moment now) {
  if (!command.idempotency_key.empty()) {
    const auto first = keys_.find(std::pair(command.owner, command.idempotency_key));
    if (first != keys_.end()) {
      auto repeated = repeat_start(first->second, command, now.wall);
      if (!repeated) return {std::unexpected(repeated.error()), {}};
      if (*repeated) return {**std::move(repeated), {}};
    }
  }
  if (jobs_.contains(command.id) || tombstones_.contains(command.id))
    return {std::unexpected(id_in_use(command.id)), {}};
  const auto& quota = schedule_.quota();
  if (owners_[command.owner].active >= quota.active_jobs) {
    return {std::unexpected(too_many_jobs(quota.active_jobs)), {}};
  }
  if (const auto wait = start_rate_.take(command.owner, now.at)) {
    return {std::unexpected(too_many_starts(quota.starts_per_minute, *wait)), {}};
  }
  if (!command.idempotency_key.empty())
    keys_.insert_or_assign(std::pair(command.owner, command.idempotency_key), command.id);
  Outcome outcome;
  auto record = job::create(command, now.wall);
  outcome.reply = job::reply_to(record, false);
  auto& job = jobs_[command.id];
  job.input = std::move(command.input);
  ++owners_[command.owner].active;
  job.record = record;
  job.record.queued = false;
  put(job, std::move(record), now, outcome.group);
  return outcome;
}

Result<std::optional<Reply>> MemoryState::repeat_start(const JobId& first, const job::Start& command,
                                                       WallMillis now) const {
  if (const auto* tombstone = find_tombstone(first)) return repeat_deleted_start(*tombstone, command, now);
  const auto& job = jobs_.at(first);
  if (*job.record.type != command.type || job.input != command.input) {
    return std::unexpected(idempotency_conflict());
  }
  return job::reply_to(job.record, true);
}

MemoryState::Outcome MemoryState::run(job::Claim&& command, Moment now) {
  Outcome outcome{Reply{}, {}};
  while (const auto id = schedule_.next(command.types)) {
    auto& job = jobs_.at(*id);
    if (auto change = job::end_exhausted(job.record, now.wall, rules(job.record))) {
      apply(job, *change, now, outcome.group);
      continue;
    }
    put(job, job::lease(job.record, command), now, outcome.group);
    outcome.reply = job::reply_to(job.record, false);
    outcome.reply->claimed = std::make_unique<job::ClaimedJob>(
        job.record, job.input, std::nullopt, schedule_.policy(*job.record.type).checkpoint_every);
    if (const auto sequence = job.record.checkpoint_sequence; sequence > 0) {
      outcome.reply->claimed->checkpoint = *job.log.at(sequence - 1)->payload;
    }
    break;
  }
  return outcome;
}

MemoryState::Outcome MemoryState::run(job::Sweep&&, Moment now) {
  start_rate_.forget_idle(now.at);
  collect(now);
  Outcome outcome{Reply{}, {}};
  for (const auto& [id, overdue] : schedule_.take_due(now.at, limits::kSweepJobs)) {
    if (!overdue) {
      outcome.group.work_queued = true;
      continue;
    }
    auto& job = jobs_.at(id);
    auto change = job::decide_due(job.record, *overdue, now.wall, rules(job.record));
    apply(job, change, now, outcome.group);
  }
  return outcome;
}

Error MemoryState::missing(const JobId& id, std::string_view asker) const {
  const auto* tombstone = find_tombstone(id);
  return tombstone != nullptr && tombstone->owner == asker ? job::gone(*tombstone) : job::not_found(id);
}

template <class OneJobCommand>
MemoryState::Outcome MemoryState::run(OneJobCommand&& command, Moment now) {
  const auto found = jobs_.find(command.id);
  if (found == jobs_.end()) {
    if constexpr (requires { command.owner; }) {
      return {std::unexpected(missing(command.id, command.owner)), {}};
    }
    return {std::unexpected(job::not_found(command.id)), {}};
  }
  auto& job = found->second;
  auto change = job::decide(job.record, std::forward<OneJobCommand>(command), now.wall, rules(job.record));
  if (!change) return {std::unexpected(change.error()), {}};
  if (std::is_same_v<OneJobCommand, job::Renew>) schedule_.renew(job.record.id, now.at);
  if (!change->changed) return {job::reply_to(job.record, true), {}};
  auto& owner = owners_.find(*job.record.owner)->second;
  const bool reactivated = !job::is_active(job.record) && job::is_active(change->record);
  if (const auto limit = schedule_.quota().active_jobs; reactivated && owner.active >= limit) {
    return {std::unexpected(too_many_jobs(limit)), {}};
  }
  Outcome outcome;
  apply(job, *change, now, outcome.group);
  if (change->error) {
    outcome.reply = std::unexpected(*change->error);
  } else {
    outcome.reply = job::reply_to(job.record, false);
  }
  return outcome;
}

job::Rules MemoryState::rules(const job::JobRecord& record) const {
  return {limits_, schedule_.policy(*record.type)};
}

void MemoryState::apply(Job& job, job::Change& change, Moment now, job::CommitGroup& group) {
  auto& owner = owners_.find(*job.record.owner)->second;
  auto head = owner.head();
  job::assign_positions(change, head);
  for (auto& event : change.events) {
    auto shared = std::make_shared<const job::Event>(std::move(event));
    job.log.push_back(shared);
    owner.events.push_back(shared);
    group.events.push_back(std::move(shared));
  }
  if (change.revoked) group.revoked.push_back({job.record.id, job.record.epoch, change.record.state});
  put(job, std::move(change.record), now, group);
}

void MemoryState::put(Job& job, job::JobRecord record, Moment now, job::CommitGroup& group) {
  if (record.queued && !job.record.queued) group.work_queued = true;
  schedule_.update(record, now);
  auto& owner = owners_.find(*record.owner)->second;
  if (job::is_active(record) && !job::is_active(job.record)) ++owner.active;
  if (!job::is_active(record) && job::is_active(job.record)) --owner.active;
  if (!job::is_active(job.record)) forget_ended(job.record);
  job.record = std::move(record);
  if (!job::is_active(job.record)) note_ended(job.record);
}

}  // namespace hawser::store
