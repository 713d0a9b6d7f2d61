#include "store/memory_job_store.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "job/errors.h"
#include "store/memory_state.h"
#include "store/page_budget.h"
#include "store/partial_output.h"
#include "store/refusals.h"

namespace hawser::store {

struct MemoryJobStore::State {
  explicit State(const MemoryOptions& options)
      : clock(options.clock), incarnation(options.random.token(9)), data(options.log, options.policies) {}

  /// A decided command whose caller and listener have not been told yet.
  struct Delivery {
    job::Completion completion;
    Result<job::Reply> reply;
    std::shared_ptr<const job::CommitGroup> group;  ///< null when nothing became durable
  };

  void deliver(std::unique_lock<std::mutex>& lock);
  Result<job::EventPtr> completed(const MemoryState::Job& job, const job::EventPtr& event) const;

  Clock& clock;
  const std::string incarnation;
  std::mutex mutex;
  MemoryState data;
  job::CommitListener listener;
  std::deque<Delivery> deliveries;
  std::optional<std::thread::id> deliverer;  ///< the thread that is emptying `deliveries`
  std::condition_variable delivered;
  bool stopped = false;
};

namespace {

bool worth_announcing(const job::CommitGroup& group) {
  return !group.events.empty() || group.work_queued || !group.revoked.empty();
}

}  // namespace

/// One thread at a time delivers, without the mutex, whatever has been decided: that keeps commit order
/// across threads and lets a completion submit again.
void MemoryJobStore::State::deliver(std::unique_lock<std::mutex>& lock) {
  if (deliverer) return;
  deliverer = std::this_thread::get_id();
  while (!deliveries.empty()) {
    auto next = std::move(deliveries.front());
    deliveries.pop_front();
    lock.unlock();
    next.completion(std::move(next.reply));
    if (next.group && listener) listener(next.group);
    lock.lock();
  }
  deliverer.reset();
  delivered.notify_all();
}

Result<job::EventPtr> MemoryJobStore::State::completed(const MemoryState::Job& job,
                                                       const job::EventPtr& event) const {
  if (event->complete) return event;
  job::Event copy = *event;
  const auto entry_at = [&](std::uint64_t sequence) -> Result<LogEntry> {
    const auto& entry = *job.log.at(sequence - 1);
    return LogEntry{entry.kind, *entry.payload};
  };
  if (auto done = complete(
          copy, [&]() -> Result<std::string> { return job.input; }, entry_at);
      !done) {
    return std::unexpected(done.error());
  }
  return std::make_shared<const job::Event>(std::move(copy));
}

MemoryJobStore::MemoryJobStore(const MemoryOptions& options) : state_(std::make_unique<State>(options)) {}

MemoryJobStore::~MemoryJobStore() {
  stop();
}

void MemoryJobStore::submit(job::Command command, job::Completion completion) {
  std::unique_lock lock(state_->mutex);
  if (state_->stopped) {
    lock.unlock();
    return completion(std::unexpected(shutting_down()));
  }
  auto outcome = state_->data.execute(std::move(command), {state_->clock.now(), state_->clock.wall_now()});
  std::shared_ptr<const job::CommitGroup> group;
  if (worth_announcing(outcome.group)) {
    group = std::make_shared<const job::CommitGroup>(std::move(outcome.group));
  }
  state_->deliveries.push_back({std::move(completion), std::move(outcome.reply), std::move(group)});
  state_->deliver(lock);
}

Result<job::JobRecord> MemoryJobStore::find(const JobId& id) {
  const std::lock_guard lock(state_->mutex);
  const auto* job = state_->data.find(id);
  if (job == nullptr) return std::unexpected(job::not_found(id));
  return job->record;
}

Result<std::string> MemoryJobStore::input(const JobId& id) {
  const std::lock_guard lock(state_->mutex);
  const auto* job = state_->data.find(id);
  if (job == nullptr) return std::unexpected(job::not_found(id));
  return job->input;
}

Result<job::JobPage> MemoryJobStore::read_job(const JobId& id, std::uint64_t after, job::ReadLimits limits) {
  const std::lock_guard lock(state_->mutex);
  const auto* job = state_->data.find(id);
  if (job == nullptr) return std::unexpected(job::not_found(id));
  job::JobPage page{.events = {}, .head = job->log.size()};
  if (after > page.head) return std::unexpected(bad_sequence(after, page.head));
  PageBudget budget(limits);
  for (auto index = after; index < page.head && !budget.exhausted(); ++index) {
    auto event = state_->completed(*job, job->log[index]);
    if (!event) return std::unexpected(event.error());
    if (!budget.take(**event)) break;
    page.events.push_back(*std::move(event));
  }
  return page;
}

Result<job::OwnerPage> MemoryJobStore::read_owner(std::string_view owner, std::uint64_t after,
                                                  job::ReadLimits limits) {
  const std::lock_guard lock(state_->mutex);
  const auto* found = state_->data.find_owner(owner);
  job::OwnerPage page{.events = {}, .through = after, .head = found == nullptr ? 0 : found->head()};
  if (after > page.head || (found != nullptr && after < found->floor)) return std::unexpected(reset());
  PageBudget budget(limits);
  for (auto position = after + 1; position <= page.head && !budget.exhausted(); ++position) {
    const auto& logged = found->events[position - found->floor - 1];
    auto event = state_->completed(*state_->data.find(logged->job), logged);
    if (!event) return std::unexpected(event.error());
    if (!budget.take(**event)) break;
    page.through = logged->position;
    page.events.push_back(*std::move(event));
  }
  return page;
}

Result<job::Tombstone> MemoryJobStore::tombstone(const JobId& id) {
  const std::lock_guard lock(state_->mutex);
  const auto* tombstone = state_->data.find_tombstone(id);
  if (tombstone == nullptr) return std::unexpected(job::not_found(id));
  return *tombstone;
}

Result<job::JobList> MemoryJobStore::list(const job::JobFilter& filter, const std::optional<JobId>& before,
                                          std::size_t most) {
  const std::lock_guard lock(state_->mutex);
  return state_->data.list(filter, before, most);
}

Result<job::Queues> MemoryJobStore::queues(WallMillis now) {
  const std::lock_guard lock(state_->mutex);
  return state_->data.queues(now);
}

Result<std::uint64_t> MemoryJobStore::owner_head(std::string_view owner) {
  const std::lock_guard lock(state_->mutex);
  const auto* found = state_->data.find_owner(owner);
  return found == nullptr ? 0 : found->head();
}

job::StoreStatus MemoryJobStore::status() {
  const std::lock_guard lock(state_->mutex);
  return {.writable = true, .incarnation = state_->incarnation, .free_bytes = 0, .queued_commands = 0};
}

void MemoryJobStore::set_listener(job::CommitListener listener) {
  const std::lock_guard lock(state_->mutex);
  state_->listener = std::move(listener);
}

void MemoryJobStore::stop() {
  std::unique_lock lock(state_->mutex);
  state_->stopped = true;
  // Called from within a completion, the deliveries end after it returns.
  if (state_->deliverer == std::this_thread::get_id()) return;
  state_->delivered.wait(lock, [this] { return !state_->deliverer; });
}

}  // namespace hawser::store
