#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "job/job_store.h"
#include "runtime/system.h"
#include "store/memory_job_store.h"
#include "worker/executor.h"

namespace hawser::worker {

/// A handler whose parts a test supplies.
class ScriptedHandler final : public Handler {
 public:
  explicit ScriptedHandler(std::function<Outcome(JobContext&)> body, ResumePlan plan = {})
      : body_(std::move(body)), plan_(std::move(plan)) {}
  std::string_view type() const override { return "scripted"; }
  Status validate(std::string_view) const override { return {}; }
  ResumePlan plan(std::string_view, const ResumePoint&) const override { return plan_; }
  Outcome run(JobContext& context) override { return body_(context); }

 private:
  std::function<Outcome(JobContext&)> body_;
  ResumePlan plan_;
};

/// A memory store, and executors on it that a test may lose and replace.
class ExecutorTest : public testing::Test {
 protected:
  ~ExecutorTest() override { lose_executor(); }

  /// Replaces the executor; the earlier one has been drained.
  void run_with(std::vector<std::shared_ptr<Handler>> handlers, std::size_t threads = 4) {
    lose_executor();
    auto executor = std::make_unique<Executor>(store_, runtime::system_clock(), std::move(handlers),
                                               Executor::Options{.threads = threads, .holder = "test"});
    const std::lock_guard lock(mutex_);
    executor_ = std::move(executor);
    executor_->start();
  }
  void run_with(std::function<Outcome(JobContext&)> body, ResumePlan plan = {}) {
    run_with({std::make_shared<ScriptedHandler>(std::move(body), std::move(plan))});
  }

  /// Its runs end without the lock, because they commit.
  void lose_executor() {
    std::unique_ptr<Executor> old;
    const std::unique_lock lock(mutex_);
    old = std::move(executor_);
  }

  void drain(std::chrono::milliseconds time = std::chrono::seconds(40)) {
    executor_->drain(runtime::system_clock().now() + time);
  }

  Result<job::Reply> submit(job::Command command) {
    std::promise<Result<job::Reply>> promise;
    auto reply = promise.get_future();
    store_.submit(std::move(command), [promise = std::move(promise)](Result<job::Reply> answer) mutable {
      promise.set_value(std::move(answer));
    });
    return reply.get();
  }
  JobId start(const std::string& input = "{}", const std::string& type = "scripted") {
    JobId id;
    id.bytes[15] = ++last_id_;
    EXPECT_TRUE(submit(job::Start{id, "ada", type, input, ""}));
    return id;
  }

  /// Waits until the announced events of the job satisfy `done`.
  bool wait(const JobId& id, const std::function<bool(const std::vector<job::EventPtr>&)>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(40), [&] { return done(of(id)); });
  }
  bool wait_for_end(const JobId& id) {
    return wait(id,
                [](const auto& events) { return !events.empty() && job::is_ending(events.back()->kind); });
  }
  bool wait_for_chunks(const JobId& id, std::size_t count) {
    return wait(id, [&](const auto& events) {
      return events.size() >= count &&
             static_cast<std::size_t>(std::ranges::count_if(events, is_chunk)) >= count;
    });
  }

  std::vector<job::EventPtr> events(const JobId& id) {
    const std::lock_guard lock(mutex_);
    return of(id);
  }
  std::vector<std::string> chunks(const JobId& id) {
    std::vector<std::string> result;
    for (const auto& event : events(id)) {
      if (is_chunk(event)) result.push_back(*event->payload);
    }
    return result;
  }
  std::string last_payload(const JobId& id) { return *events(id).back()->payload; }
  /// The kinds in order, a letter each: s c p k(checkpoint) r, and C F X for the ends.
  std::string kinds(const JobId& id) {
    constexpr std::string_view kLetters = " scpkrCFX";
    std::string result;
    for (const auto& event : events(id)) result += kLetters[static_cast<std::size_t>(event->kind)];
    return result;
  }
  job::JobRecord record(const JobId& id) { return store_.find(id).value(); }

  store::MemoryJobStore store_{{runtime::system_clock(), runtime::system_random(), {}}};
  std::unique_ptr<Executor> executor_;

 private:
  static bool is_chunk(const job::EventPtr& event) { return event->kind == job::EventKind::chunk; }

  void SetUp() override {
    store_.set_listener([this](const std::shared_ptr<const job::CommitGroup>& group) { on_commit(*group); });
  }
  void on_commit(const job::CommitGroup& group) {
    const std::lock_guard lock(mutex_);
    for (const auto& event : group.events) events_[event->job].push_back(event);
    if (executor_) executor_->on_commit(group);
    changed_.notify_all();
  }
  /// Not a copy: a waiting test looks at it after every commit.
  const std::vector<job::EventPtr>& of(const JobId& id) { return events_[id]; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<JobId, std::vector<job::EventPtr>> events_;
  std::uint8_t last_id_ = 0;
};

}  // namespace hawser::worker
