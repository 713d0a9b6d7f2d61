#include "store/commit_builder.h"

#include <spdlog/spdlog.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "job/errors.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/record_codec.h"
#include "store/refusals.h"

namespace hawser::store {

using job::Reply;

CommitBuilder::CommitBuilder(const Context& context) : context_(context) {}

Result<Reply> CommitBuilder::apply(job::Command command) {
  return std::visit([this](auto& one) { return run(std::move(one)); }, command);
}

rocksdb::WriteBatch& CommitBuilder::batch() {
  context_.table.write_to(batch_);
  return batch_;
}

std::shared_ptr<const job::CommitGroup> CommitBuilder::announcement() {
  if (group_.events.empty() && !group_.work_queued && group_.revoked.empty()) return nullptr;
  return std::make_shared<const job::CommitGroup>(std::move(group_));
}

Result<Reply> CommitBuilder::run(job::Start command) {
  const auto index_key = keys::idempotency(command.owner, command.idempotency_key);
  if (!command.idempotency_key.empty()) {
    const auto first = job_of_key(index_key);
    if (!first) return std::unexpected(first.error());
    if (*first) {
      auto repeated = repeat_start(**first, command);
      if (!repeated) return std::unexpected(repeated.error());
      if (*repeated) return **std::move(repeated);
    }
  }
  const auto owner = context_.table.owner(command.owner);
  if (!owner) return std::unexpected(owner.error());
  if (auto allowed = check_new_job(command, **owner); !allowed) return std::unexpected(allowed.error());
  auto record = job::create(command, context_.now.wall);
  auto reply = job::reply_to(record, false);
  context_.table.put(nullptr, std::move(record), context_.now);
  context_.database.put(batch_, Family::input, keys::job(command.id), command.input);
  if (!command.idempotency_key.empty()) {
    context_.database.put(batch_, Family::index, index_key, keys::job(command.id));
    new_keys_.insert_or_assign(index_key, command.id);
  }
  new_inputs_.emplace(command.id, std::move(command.input));
  group_.work_queued = true;
  return reply;
}

Result<std::optional<JobId>> CommitBuilder::job_of_key(const std::string& index_key) const {
  if (const auto found = new_keys_.find(index_key); found != new_keys_.end()) return found->second;
  const auto stored = context_.database.get(Family::index, index_key);
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  const auto id = keys::trailing_id(**stored);
  if (!id) return std::unexpected(context_.database.damage().found("an idempotency key"));
  return id;
}

Result<std::optional<Reply>> CommitBuilder::repeat_start(const JobId& first, const job::Start& command) {
  const auto record = context_.table.find(first);
  if (!record) return std::unexpected(record.error());
  if (*record == nullptr) {
    const auto tombstone = context_.table.find_tombstone(first);
    if (!tombstone) return std::unexpected(tombstone.error());
    if (!*tombstone) return std::unexpected(context_.database.damage().found(first));
    return repeat_deleted_start(**tombstone, command, context_.now.wall);
  }
  const auto first_input = input(first);
  if (!first_input) return std::unexpected(first_input.error());
  if (*(*record)->type != command.type || *first_input != command.input) {
    return std::unexpected(idempotency_conflict());
  }
  return job::reply_to(**record, true);
}

Status CommitBuilder::check_new_job(const job::Start& command, const JobTable::Owner& owner) {
  if (!context_.has_room) return std::unexpected(storage_full());
  const auto& quota = context_.table.schedule().quota();
  if (owner.active >= quota.active_jobs) return std::unexpected(too_many_jobs(quota.active_jobs));
  const auto existing = context_.table.find(command.id);
  if (!existing) return std::unexpected(existing.error());
  const auto deleted = context_.table.find_tombstone(command.id);
  if (!deleted) return std::unexpected(deleted.error());
  if (*existing != nullptr || *deleted) return std::unexpected(id_in_use(command.id));
  if (const auto wait = context_.table.start_rate().take(command.owner, context_.now.at)) {
    return std::unexpected(too_many_starts(quota.starts_per_minute, *wait));
  }
  return {};
}

Result<Reply> CommitBuilder::run(const job::Claim& command) {
  while (const auto id = context_.table.schedule().next(command.types)) {
    const auto record = context_.table.find(*id);
    if (!record) return std::unexpected(record.error());
    if (auto change = job::end_exhausted(**record, context_.now.wall, rules(**record))) {
      if (auto staged = stage(**record, *std::move(change)); !staged) return std::unexpected(staged.error());
      continue;
    }
    auto claimed = lease(**record, command);
    if (claimed) {
      auto reply = job::reply_to((*claimed)->record, false);
      reply.claimed = *std::move(claimed);
      return reply;
    }
    if (claimed.error().code != Errc::damaged) return std::unexpected(claimed.error());
    if (auto withdrawn = withdraw_damaged(**record); !withdrawn) return std::unexpected(withdrawn.error());
  }
  return Reply{};
}

Result<Reply> CommitBuilder::run(const job::Sweep&) {
  context_.table.start_rate().forget_idle(context_.now.at);
  collect();
  for (const auto& [id, overdue] : context_.table.schedule().take_due(context_.now.at, limits::kSweepJobs)) {
    if (!overdue) {
      group_.work_queued = true;
      continue;
    }
    // What cannot be done to one job must not keep the others waiting.
    if (auto ended = run_out(id, *overdue); !ended) {
      spdlog::error("store: {} has run out of time and is left as it is: {}", id.to_string(),
                    ended.error().message);
    }
  }
  return Reply{};
}

Status CommitBuilder::run_out(const JobId& id, job::Overdue overdue) {
  const auto record = context_.table.find(id);
  if (!record) return std::unexpected(record.error());
  return stage(**record, job::decide_due(**record, overdue, context_.now.wall, rules(**record)));
}

Result<std::unique_ptr<job::ClaimedJob>> CommitBuilder::lease(const job::JobRecord& record,
                                                              const job::Claim& command) {
  auto& damage = context_.database.damage();
  if (damage.holds(record.id)) return std::unexpected(damage.found(record.id));
  auto claimed = std::make_unique<job::ClaimedJob>();
  auto job_input = input(record.id);
  if (!job_input) return std::unexpected(job_input.error());
  claimed->input = *std::move(job_input);
  if (record.checkpoint_sequence > 0) {
    auto state = checkpoint(record);
    if (!state) return std::unexpected(state.error());
    claimed->checkpoint = *std::move(state);
  }
  if (const auto owner = context_.table.owner(*record.owner); !owner) return std::unexpected(owner.error());
  claimed->record = job::lease(record, command);
  claimed->checkpoint_every = context_.table.schedule().policy(*record.type).checkpoint_every;
  context_.table.put(&record, claimed->record, context_.now);
  return claimed;
}

/// A job that cannot be handed out must not stop the queue behind it.
Status CommitBuilder::withdraw_damaged(const job::JobRecord& record) {
  spdlog::error("store: {} cannot run, its stored input or checkpoint is damaged; it is cancelled",
                record.id.to_string());
  const job::Cancel command{
      .id = record.id, .owner = *record.owner, .reason = "The job's stored data is damaged."};
  auto change = job::decide(record, command, context_.now.wall, rules(record));
  if (!change) return std::unexpected(change.error());
  return stage(record, *std::move(change));
}

/// A deleted job is only its owner's to know about.
Error CommitBuilder::missing(const JobId& id, std::string_view asker) const {
  const auto tombstone = context_.table.find_tombstone(id);
  if (!tombstone) return tombstone.error();
  const bool owned = *tombstone && (*tombstone)->owner == asker;
  return owned ? job::gone(**tombstone) : job::not_found(id);
}

template <class OneJobCommand>
Result<Reply> CommitBuilder::run(OneJobCommand command) {
  const auto record = context_.table.find(command.id);
  if (!record) return std::unexpected(record.error());
  if (*record == nullptr) {
    if constexpr (requires { command.owner; }) return std::unexpected(missing(command.id, command.owner));
    return std::unexpected(job::not_found(command.id));
  }
  const auto& before = **record;
  auto change = job::decide(before, std::move(command), context_.now.wall, rules(before));
  if (!change) return std::unexpected(change.error());
  if (std::is_same_v<OneJobCommand, job::Renew>) context_.table.schedule().renew(before.id, context_.now.at);
  if (!change->changed) return job::reply_to(before, true);
  const bool ends = change->error.has_value();
  if (std::is_same_v<OneJobCommand, job::Append> && !ends && !context_.has_room) {
    return std::unexpected(storage_full());
  }
  auto reply = ends ? Result<Reply>(std::unexpected(*change->error)) : job::reply_to(change->record, false);
  if (auto staged = stage(before, *std::move(change)); !staged) return std::unexpected(staged.error());
  return reply;
}

job::Rules CommitBuilder::rules(const job::JobRecord& record) const {
  return {context_.limits, context_.table.schedule().policy(*record.type)};
}

Status CommitBuilder::stage(const job::JobRecord& before, job::Change change) {
  const auto owner = context_.table.owner(*before.owner);
  if (!owner) return std::unexpected(owner.error());
  const bool reactivated = !job::is_active(before) && job::is_active(change.record);
  if (const auto limit = context_.table.schedule().quota().active_jobs;
      reactivated && (*owner)->active >= limit) {
    return std::unexpected(too_many_jobs(limit));
  }
  job::assign_positions(change, (*owner)->account.head);
  for (auto& event : change.events) {
    context_.database.put(batch_, Family::event, keys::event(event.job, event.sequence),
                          encode_event(event, before.created_at));
    if (event.kind == job::EventKind::checkpoint) new_checkpoints_[event.job] = event.payload;
    group_.events.push_back(std::make_shared<const job::Event>(std::move(event)));
  }
  if (change.revoked) group_.revoked.push_back({before.id, before.epoch, change.record.state});
  if (change.record.queued && !before.queued) group_.work_queued = true;
  context_.table.put(&before, std::move(change.record), context_.now);
  return {};
}

Result<std::string> CommitBuilder::input(const JobId& id) const {
  const auto found = new_inputs_.find(id);
  return found != new_inputs_.end() ? found->second : load_input(context_.database, id);
}

Result<std::string> CommitBuilder::checkpoint(const job::JobRecord& record) const {
  if (const auto found = new_checkpoints_.find(record.id); found != new_checkpoints_.end())
    return *found->second;
  const auto bytes = load_event(context_.database, record.id, record.checkpoint_sequence);
  if (!bytes) return std::unexpected(bytes.error());
  const auto event = decode_event(*bytes, record.created_at);
  if (!event) return std::unexpected(context_.database.damage().found(record.id));
  return std::string(event->payload);
}

}  // namespace hawser::store
