#include "test/sim/worker.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "test/sim/server.h"

namespace hawser::sim {
namespace {

constexpr std::size_t kWindow = 2;  ///< batches under way
constexpr Millis kLease{3'000};
constexpr Millis kRenewal{1'000};
constexpr std::size_t kLarge = 48 * 1024;

std::uint64_t number(const std::string& object, std::string_view name) {
  const auto found = json::View(object).find(name);
  return found ? static_cast<std::uint64_t>(found->as_integer().value_or(0)) : 0;
}

}  // namespace

void Worker::start() {
  look_for_work();
  renew();
}

void Worker::pause(Duration time) {
  paused_until_ = world_.timeline.now() + time;
}

void Worker::die() {
  if (remote_) forget();
}

void Worker::on_server_death() {
  if (!remote_) forget();
}

void Worker::forget() {
  ++life_;
  run_.reset();
  claiming_ = false;
}

void Worker::look_for_work() {
  world_.timeline.after(world_.rng.micros(50'000, 400'000), [this] { look_for_work(); });
  if (run_ || claiming_ || retired_ || is_paused()) return;
  claiming_ = true;
  const auto heard = [this](Result<job::Reply>& reply) {
    claiming_ = false;
    if (reply && reply->claimed && !run_) begin(*reply->claimed);
  };
  call(job::Claim{{"work"}, name_, remote_ ? kLease : Millis(0)}, heard, false);
}

void Worker::begin(const job::ClaimedJob& claimed) {
  const auto& record = claimed.record;
  const auto from = static_cast<job::ContinueFrom>(number(claimed.input, "mode"));
  Run run{.job = record.id, .epoch = record.epoch};
  run.chunks = number(claimed.input, "chunks");
  run.every = number(claimed.input, "cp");
  run.large = number(claimed.input, "large") > 0;
  if (from == job::ContinueFrom::last_event) run.next = record.chunk_count + 1;
  if (from == job::ContinueFrom::checkpoint && claimed.checkpoint) {
    run.next = number(*claimed.checkpoint, "n") + 1;
  }
  if (record.attempt < number(claimed.input, "fails")) run.stop = world_.rng.between(1, run.chunks + 1);
  run_ = run;
  call_for_run(job::Begin{.id = run.job, .epoch = run.epoch, .from = from},
               [this](Result<job::Reply>& reply) {
                 if (goes_on(reply)) produce_soon();
               });
}

void Worker::produce_soon() {
  world_.timeline.after(world_.rng.micros(100, 30'000), [this, life = life_] {
    if (life == life_) produce();
  });
}

void Worker::produce() {
  if (!run_ || run_->finishing) return;
  if (!world_.calm && world_.rng.one_in(60)) return give_back();
  const bool done = run_->next > run_->chunks || (run_->stop > 0 && run_->next >= run_->stop);
  if (!done && run_->unanswered < kWindow) {
    send_batch();
    return produce_soon();
  }
  if (done && run_->unanswered == 0) finish();
}

void Worker::send_batch() {
  Batch batch{.first = run_->produced + 1, .events = {}};
  const auto end = std::min(run_->chunks, run_->next + world_.rng.below(3));
  for (; run_->next <= end && run_->next != run_->stop; ++run_->next) {
    const auto filler = std::string(run_->large ? kLarge : world_.rng.below(40), 'x');
    batch.events.push_back(
        {job::EventKind::chunk, fmt::format("\"c{}.{} {}\"", run_->next, run_->epoch, filler)});
    if (run_->every > 0 && run_->next % run_->every == 0)
      batch.events.push_back({job::EventKind::checkpoint, fmt::format(R"({{"n":{}}})", run_->next)});
  }
  if (batch.events.empty()) return;
  run_->produced += batch.events.size();
  ++run_->unanswered;
  call_for_run(job::Append{.id = run_->job,
                           .epoch = run_->epoch,
                           .producer_sequence = batch.first,
                           .events = std::move(batch.events)},
               [this](Result<job::Reply>& reply) {
                 if (!goes_on(reply)) return;
                 --run_->unanswered;
                 produce_soon();
               });
}

void Worker::finish() {
  run_->finishing = true;
  const bool fails = run_->stop > 0;
  call_for_run(
      job::Finish{.id = run_->job,
                  .epoch = run_->epoch,
                  .outcome = fails ? job::EventKind::failed : job::EventKind::completed,
                  .payload = fails ? R"({"error":"as planned","code":"handler_failed"})" : R"({"ok":true})",
                  .retryable = fails && world_.rng.one_in(3)},
      [this](Result<job::Reply>&) { run_.reset(); });
}

void Worker::renew() {
  world_.timeline.after(kRenewal, [this] { renew(); });
  if (!run_ || !remote_ || is_paused()) return;
  const auto heard = [this](Result<job::Reply>& reply) {
    const auto code = reply ? Errc::internal : reply.error().code;
    if (code == Errc::fenced || code == Errc::job_ended) run_.reset();
  };
  call_for_run(job::Renew{.id = run_->job, .epoch = run_->epoch}, heard, false);
}

/// As a worker does that is told to stop.
void Worker::give_back() {
  run_->finishing = true;
  call_for_run(job::Release{.id = run_->job, .epoch = run_->epoch},
               [this](Result<job::Reply>&) { run_.reset(); });
}

bool Worker::goes_on(const Result<job::Reply>& reply) {
  if (!reply) run_.reset();
  return run_.has_value();
}

// --- The network ---

void Worker::call_for_run(job::Command command, Heard heard, bool repeats) {
  call(
      std::move(command),
      [this, job = run_->job, epoch = run_->epoch, heard = std::move(heard)](auto& reply) {
        if (is_working_on(job, epoch)) heard(reply);
      },
      repeats);
}

void Worker::call(job::Command command, Heard heard, bool repeats) {
  send(std::make_shared<Call>(Call{.command = std::move(command),
                                   .heard = std::move(heard),
                                   .repeats = repeats,
                                   .answered = false,
                                   .life = life_,
                                   .tries = 0}));
}

Duration Worker::delay() {
  auto delay = remote_ ? world_.latency() : world_.rng.micros(0, 100);
  if (troubled() && world_.rng.percent(world_.weather.late_percent)) delay += world_.rng.micros(0, 8'000'000);
  return delay;
}

void Worker::send(const std::shared_ptr<Call>& call) {
  if (call->answered || call->life != life_) return;
  if (is_paused()) return world_.timeline.at(paused_until_, [this, call] { send(call); });
  const auto tries = ++call->tries;
  const int copies = troubled() && world_.rng.percent(world_.weather.doubled_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    if (!lost()) world_.timeline.after(delay(), [this, call, tries] { deliver(call, tries); });
  }
  world_.timeline.after(std::chrono::seconds(2), [this, call, tries] {
    if (call->tries != tries) return;
    if (call->repeats) return send(call);
    hear(call, tries, fail(Errc::timeout, "no answer"));
  });
}

void Worker::deliver(const std::shared_ptr<Call>& call, std::uint64_t tries) {
  if (!world_.server || world_.server->is_dead() || (!remote_ && call->life != life_)) return;
  world_.server->store().submit_as(name_, call->command, [this, call, tries](Result<job::Reply> reply) {
    if (lost()) return;
    world_.timeline.after(delay(), [this, call, tries, reply = std::move(reply)]() mutable {
      hear(call, tries, std::move(reply));
    });
  });
}

void Worker::hear(const std::shared_ptr<Call>& call, std::uint64_t tries, Result<job::Reply> reply) {
  if (call->answered || call->life != life_) return;
  if (is_paused()) {
    return world_.timeline.at(paused_until_, [this, call, tries, reply = std::move(reply)]() mutable {
      hear(call, tries, std::move(reply));
    });
  }
  const auto code = reply ? Errc::internal : reply.error().code;
  // The batch before it is still on its way, or the store cannot just now.
  const bool later =
      !reply && (is_retryable(code) || code == Errc::sequence_gap || code == Errc::unavailable);
  if (later && call->repeats) {
    if (call->tries != tries) return;  // The other copy has said so already.
    ++call->tries;
    return world_.timeline.after(world_.rng.micros(50'000, 300'000), [this, call] { send(call); });
  }
  call->answered = true;
  call->heard(reply);
}

}  // namespace hawser::sim
