#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "base/limits.h"
#include "job/errors.h"
#include "store/commit_builder.h"
#include "store/job_log.h"
#include "store/keys.h"
#include "store/refusals.h"

// How a commit group deletes ended jobs.
namespace hawser::store {

using job::Reply;

/// What the database holds, as far as this group has not changed it.
class CommitBuilder::Ended final : public job::EndedJobs {
 public:
  explicit Ended(CommitBuilder& builder) : builder_(builder) {}

  Result<std::optional<job::JobRecord>> oldest(job::JobState state, WallMillis from) override {
    return first_in(keys::by_end(state, from, JobId{}), keys::after_prefix(keys::by_end(state)), state);
  }

  Result<std::optional<job::JobRecord>> oldest_of(std::string_view owner, job::JobState state) override {
    const auto found = table().owner(owner);
    if (!found) return std::unexpected(found.error());
    auto& from = (*found)->account.oldest.at(job::ended_index(state));
    auto record = first_in(keys::ended_job(owner, state, from, JobId{}),
                           keys::after_prefix(keys::ended_jobs(owner, state)), state);
    if (record && *record) from = (*record)->last_position;
    return record;
  }

  Result<job::EndedTotals> totals(std::string_view owner) override {
    const auto found = table().owner(owner);
    if (!found) return std::unexpected(found.error());
    return (*found)->account.ended;
  }

  Status remove(const job::JobRecord& record) override { return builder_.remove(record); }

  std::size_t tombstones() const override { return table().tombstones(); }

  Result<std::optional<job::Tombstone>> oldest_tombstone(WallMillis from) override {
    Scan scan(builder_.context_.database, Family::index, keys::tombstone(from, JobId{}),
              keys::after_prefix(keys::tombstones()));
    for (scan.to_first(); scan.valid(); scan.next()) {
      const auto id = keys::trailing_id(scan.key());
      auto tombstone = id ? table().find_tombstone(*id) : std::nullopt;
      if (!tombstone) return tombstone;
      if (*tombstone) return tombstone;
    }
    if (auto status = scan.status(); !status) return std::unexpected(status.error());
    return std::nullopt;
  }

  Status forget(const job::Tombstone& tombstone) override { return builder_.forget(tombstone); }

 private:
  JobTable& table() const { return builder_.context_.table; }

  /// The first job of the entries that is still in the state. A damaged one is left where it is.
  Result<std::optional<job::JobRecord>> first_in(std::string lower, std::string upper, job::JobState state) {
    Scan scan(builder_.context_.database, Family::index, std::move(lower), std::move(upper));
    for (scan.to_first(); scan.valid(); scan.next()) {
      const auto id = keys::trailing_id(scan.key());
      if (!id) continue;
      const auto record = table().find(*id);
      if (!record && record.error().code == Errc::damaged) continue;
      if (!record) return std::unexpected(record.error());
      if (*record != nullptr && (*record)->state == state && !job::is_active(**record)) return **record;
    }
    if (auto status = scan.status(); !status) return std::unexpected(status.error());
    return std::nullopt;
  }

  CommitBuilder& builder_;
};

Result<Reply> CommitBuilder::run(const job::Purge& command) {
  const auto record = context_.table.find(command.id);
  if (!record) return std::unexpected(record.error());
  if (*record == nullptr) {
    const auto tombstone = context_.table.find_tombstone(command.id);
    if (!tombstone) return std::unexpected(tombstone.error());
    if (!*tombstone) return std::unexpected(job::not_found(command.id));
    return reply_to_purge(**tombstone, true);
  }
  if (job::is_active(**record)) return std::unexpected(not_ended(command.id));
  auto reply = job::reply_to(**record, false);
  if (auto removed = remove(**record); !removed) return std::unexpected(removed.error());
  return reply;
}

void CommitBuilder::collect() {
  Ended ended(*this);
  const auto deleted = context_.table.collector().sweep(ended, context_.now);
  if (!deleted) {
    spdlog::error("store: ended jobs are not deleted any more: {}", deleted.error().message);
    context_.table.collector().give_up();
  } else if (*deleted > 0) {
    spdlog::info("store: {} jobs were deleted, as [retention] says", *deleted);
  }
}

Status CommitBuilder::remove(const job::JobRecord& record) {
  const auto owner = context_.table.owner(*record.owner);
  if (!owner) return std::unexpected(owner.error());
  const auto id = record.id;
  auto tombstone = job::make_tombstone(record, context_.now.wall);
  if (job::holds_its_key(tombstone, context_.now.wall)) {
    const auto first = input(id);
    if (!first && first.error().code != Errc::damaged) return std::unexpected(first.error());
    if (first) tombstone.input_hash = job::hash_of_input(*first);
  } else {
    if (auto freed = free_key(tombstone); !freed) return freed;
    tombstone.idempotency_key.clear();
  }
  context_.database.erase(batch_, Family::input, keys::job(id));
  erase_log(record);
  context_.table.bury(record, std::move(tombstone));
  return {};
}

void CommitBuilder::erase_log(const job::JobRecord& record) {
  if (record.last_sequence > limits::kErasedSingly) {
    const auto prefix = keys::job(record.id);
    return context_.database.erase_range(batch_, Family::event, prefix, keys::after_prefix(prefix));
  }
  for (std::uint64_t sequence = 1; sequence <= record.last_sequence; ++sequence) {
    context_.database.erase(batch_, Family::event, keys::event(record.id, sequence));
  }
}

Status CommitBuilder::forget(const job::Tombstone& tombstone) {
  if (auto freed = free_key(tombstone); !freed) return freed;
  context_.table.forget(tombstone);
  return {};
}

/// Unless another job has it by now.
Status CommitBuilder::free_key(const job::Tombstone& tombstone) {
  if (tombstone.idempotency_key.empty()) return {};
  const auto key = keys::idempotency(tombstone.owner, tombstone.idempotency_key);
  const auto holder = job_of_key(key);
  if (!holder) return std::unexpected(holder.error());
  if (*holder == tombstone.id) context_.database.erase(batch_, Family::index, key);
  return {};
}

}  // namespace hawser::store
