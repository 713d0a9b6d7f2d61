#include "worker/executor.h"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>

#include "base/limits.h"
#include "runtime/thread_pool.h"
#include "worker/backoff.h"
#include "worker/job_run.h"
#include "worker/job_runner.h"

namespace hawser::worker {
namespace {

/// Claims in flight at once while every one of them finds work; a group commit takes them together.
constexpr std::size_t kMaxClaims = 16;
/// Heals a hint that was lost, for example while the store was overloaded.
constexpr Duration kPollInterval = std::chrono::seconds(1);
/// How late held progress and refused batches may be looked at.
constexpr Duration kTickInterval = Millis(50);

using Handlers = std::map<std::string, std::shared_ptr<Handler>, std::less<>>;
using RunPtr = std::shared_ptr<JobRun>;

Handlers by_type(std::vector<std::shared_ptr<Handler>> handlers) {
  Handlers result;
  for (auto& handler : handlers) result.emplace(std::string(handler->type()), std::move(handler));
  return result;
}

std::vector<std::string> types_of(const Handlers& handlers) {
  std::vector<std::string> types;
  for (const auto& [type, handler] : handlers) types.push_back(type);
  return types;
}

}  // namespace

struct Executor::State {
  State(job::Commands& commands_in, Clock& clock_in, std::vector<std::shared_ptr<Handler>> handlers_in,
        Options options_in)
      : commands(commands_in),
        clock(clock_in),
        handlers(by_type(std::move(handlers_in))),
        types(types_of(handlers)),
        options(std::move(options_in)),
        pool("handler", options.threads, options.threads) {}

  job::Commands& commands;
  Clock& clock;
  const Handlers handlers;
  const std::vector<std::string> types;
  const Options options;

  std::mutex mutex;
  std::condition_variable wake_dispatcher;
  std::condition_variable settled;  ///< a run or a claim ended
  std::vector<RunPtr> active;
  std::size_t claims = 0;       ///< in flight
  std::size_t claim_width = 1;  ///< how many may be: grows while they find work
  std::uint64_t hints = 1;      ///< reasons seen to look for work
  std::uint64_t empty_at = 0;   ///< of which the queue was found empty after
  bool draining = false;
  bool stopping = false;
  std::thread dispatcher;
  runtime::ThreadPool pool;  ///< last: its threads use all of the above

  using Lock = std::unique_lock<std::mutex>;

  // -- The dispatcher thread --
  void dispatch();
  bool should_claim() const;
  void claim(Lock& lock);
  void tick(Lock& lock);

  // -- The store's thread --
  void on_claim(Result<job::Reply> reply, std::uint64_t hints_before);
  void found_work(job::ClaimedJob claimed);
  void revoke(const job::Revoked& lost);

  // -- A pool thread --
  void run_job(const RunPtr& run);

  // -- Any thread --
  void renew(const RunPtr& run);
  void renew_all();
  void stop_all(StopReason reason);
};

void Executor::State::dispatch() {
  Lock lock(mutex);
  auto next_poll = std::chrono::steady_clock::now() + kPollInterval;
  auto next_renewal = std::chrono::steady_clock::now() + options.renew_every;
  while (!stopping) {
    if (should_claim()) {
      claim(lock);
      continue;
    }
    const auto until = active.empty() ? kPollInterval : kTickInterval;
    wake_dispatcher.wait_for(lock, until, [this] { return stopping || should_claim(); });
    tick(lock);
    const auto now = std::chrono::steady_clock::now();
    if (now >= next_poll) {
      next_poll = now + kPollInterval;
      ++hints;
    }
    if (options.renew_every > Duration(0) && now >= next_renewal) {
      next_renewal = now + options.renew_every;
      lock.unlock();
      renew_all();
      lock.lock();
    }
  }
}

bool Executor::State::should_claim() const {
  return !draining && hints > empty_at && claims < claim_width && active.size() + claims < options.threads;
}

void Executor::State::claim(Lock& lock) {
  ++claims;
  const auto hints_before = hints;
  lock.unlock();  // The store may answer within the call.
  commands.submit(
      job::Claim{.types = types, .holder = options.holder},
      [this, hints_before](Result<job::Reply> reply) { on_claim(std::move(reply), hints_before); });
  lock.lock();
}

void Executor::State::tick(Lock& lock) {
  const auto runs = active;
  lock.unlock();
  for (const auto& run : runs) run->tick();
  lock.lock();
}

void Executor::State::on_claim(Result<job::Reply> reply, std::uint64_t hints_before) {
  const bool found = reply && reply->claimed;
  if (found) found_work(std::move(*reply->claimed));
  const Lock lock(mutex);
  --claims;
  claim_width = found ? std::min(claim_width * 2, kMaxClaims) : 1;
  // A hint that came while this claim was under way may be about a job it did not see.
  if (!found) empty_at = std::max(empty_at, hints_before);
  settled.notify_all();
  wake_dispatcher.notify_one();
}

void Executor::State::found_work(job::ClaimedJob claimed) {
  auto run = std::make_shared<JobRun>(commands, clock, std::move(claimed), options.window);
  {
    const Lock lock(mutex);
    active.push_back(run);
    if (draining) run->request_stop(StopReason::draining);  // The runner gives it back at once.
  }
  // Claims never exceed the free threads, so a refusal is a defect of this class.
  if (!pool.try_post([this, run] { run_job(run); })) std::abort();
}

void Executor::State::run_job(const RunPtr& run) {
  const auto handler = handlers.find(*run->record().type);
  JobRunner(commands, *run, *handler->second).execute();
  const Lock lock(mutex);
  std::erase(active, run);
  settled.notify_all();
  wake_dispatcher.notify_one();
}

/// A later lease of the same job, already here, is not meant.
void Executor::State::revoke(const job::Revoked& lost) {
  std::vector<RunPtr> revoked;
  {
    const Lock lock(mutex);
    std::ranges::copy_if(active, std::back_inserter(revoked), [&](const RunPtr& run) {
      return run->id() == lost.id && run->record().epoch <= lost.epoch;
    });
  }
  const bool cancelled = lost.state == job::JobState::cancelled;
  for (const auto& run : revoked) run->request_stop(cancelled ? StopReason::cancelled : StopReason::fenced);
}

void Executor::State::renew(const RunPtr& run) {
  commands.submit(job::Renew{run->id(), run->record().epoch}, [run](const Result<job::Reply>& reply) {
    if (!reply && has_lost_job(reply.error().code)) run->request_stop(StopReason::fenced);
  });
}

void Executor::State::renew_all() {
  std::vector<RunPtr> runs;
  {
    const Lock lock(mutex);
    runs = active;
  }
  for (const auto& run : runs) renew(run);
}

void Executor::State::stop_all(StopReason reason) {
  std::vector<RunPtr> runs;
  {
    const Lock lock(mutex);
    draining = true;
    runs = active;
  }
  for (const auto& run : runs) run->request_stop(reason);
}

Executor::Executor(job::Commands& commands, Clock& clock, std::vector<std::shared_ptr<Handler>> handlers,
                   Options options)
    : state_(std::make_unique<State>(commands, clock, std::move(handlers), std::move(options))) {}

Executor::~Executor() {
  state_->stop_all(StopReason::draining);
  {
    State::Lock lock(state_->mutex);
    state_->settled.wait(lock, [this] { return state_->active.empty() && state_->claims == 0; });
    state_->stopping = true;
    state_->wake_dispatcher.notify_one();
  }
  if (state_->dispatcher.joinable()) state_->dispatcher.join();
  state_->pool.stop();
}

void Executor::start() {
  state_->dispatcher = std::thread([state = state_.get()] { state->dispatch(); });
  pthread_setname_np(state_->dispatcher.native_handle(), "dispatcher");
}

void Executor::on_commit(const job::CommitGroup& group) {
  for (const auto& lost : group.revoked) state_->revoke(lost);
  if (!group.work_queued) return;
  const State::Lock lock(state_->mutex);
  ++state_->hints;
  state_->wake_dispatcher.notify_one();
}

void Executor::renew() {
  state_->renew_all();
}

void Executor::drain(TimePoint deadline) {
  state_->stop_all(StopReason::draining);
  const auto time = deadline - state_->clock.now();
  State::Lock lock(state_->mutex);
  state_->settled.wait_for(lock, time, [this] { return state_->active.empty() && state_->claims == 0; });
}

std::size_t Executor::running() const {
  const State::Lock lock(state_->mutex);
  return state_->active.size();
}

}  // namespace hawser::worker
