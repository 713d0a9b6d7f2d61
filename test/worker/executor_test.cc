#include "worker/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>

#include "base/json.h"
#include "base/limits.h"
#include "test/worker/executor_fixture.h"
#include "worker/test_job.h"

namespace hawser::worker {
namespace {

std::vector<std::shared_ptr<Handler>> test_job() {
  return {std::make_shared<TestJob>()};
}

/// Emits the numbers that are still missing up to `last`, then waits to be stopped.
std::function<Outcome(JobContext&)> count_and_wait(std::uint64_t last) {
  return [last](JobContext& context) {
    for (auto number = context.resume_point().chunk_count + 1; number <= last; ++number) {
      if (!context.emit(std::to_string(number))) return Outcome::stopped();
    }
    context.sleep_for(std::chrono::hours(1));
    return Outcome::stopped();
  };
}

TEST_F(ExecutorTest, runs_a_job_from_its_start_to_its_end) {
  run_with([](JobContext& context) {
    EXPECT_TRUE(context.emit("1"));
    EXPECT_TRUE(context.progress(1, 1));
    EXPECT_TRUE(context.checkpoint("{}"));
    return Outcome::completed(R"({"of":)" + std::string(context.input()) + "}");
  });
  const auto id = start("[7]");
  ASSERT_TRUE(wait_for_end(id));
  EXPECT_EQ(kinds(id), "scpkC");
  EXPECT_EQ(last_payload(id), R"({"of":[7]})");
}

TEST_F(ExecutorTest, takes_up_what_was_queued_before_it_started) {
  const auto id = start();
  run_with([](JobContext&) { return Outcome::completed("1"); });
  EXPECT_TRUE(wait_for_end(id));
}

TEST_F(ExecutorTest, runs_as_many_jobs_at_once_as_it_has_threads) {
  std::latch all_running(3);
  run_with({std::make_shared<ScriptedHandler>([&](JobContext&) {
             all_running.arrive_and_wait();
             return Outcome::completed("1");
           })},
           3);
  std::vector<JobId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(start());
  for (const auto& id : ids) EXPECT_TRUE(wait_for_end(id));
}

TEST_F(ExecutorTest, more_jobs_than_threads_wait_for_their_turn) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  run_with({std::make_shared<ScriptedHandler>([&](JobContext& context) {
             most = std::max<int>(most, ++running);
             context.sleep_for(std::chrono::milliseconds(1));
             --running;
             return Outcome::completed("1");
           })},
           2);
  std::vector<JobId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(start());
  for (const auto& id : ids) ASSERT_TRUE(wait_for_end(id));
  EXPECT_LE(most, 2);
}

TEST_F(ExecutorTest, streams_ten_thousand_chunks_in_order) {
  run_with(test_job());
  const auto id = start(R"({"chunks":10000,"intervalMs":0})", "test-job");
  ASSERT_TRUE(wait_for_end(id));
  const auto seen = chunks(id);
  ASSERT_EQ(seen.size(), 10000);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    ASSERT_EQ(seen[i], "\"Chunk " + std::to_string(i + 1) + " of 10000 \"");
  }
}

TEST_F(ExecutorTest, the_last_progress_comes_before_the_end) {
  run_with([](JobContext& context) {
    for (std::uint64_t i = 1; i <= 50; ++i) EXPECT_TRUE(context.progress(i, 50));
    return Outcome::completed("1");
  });
  const auto id = start();
  ASSERT_TRUE(wait_for_end(id));
  const auto seen = events(id);
  ASSERT_GE(seen.size(), 3);
  EXPECT_EQ(*seen[seen.size() - 2]->payload, R"({"current":50,"total":50,"percentage":100})");
  EXPECT_LE(seen.size(), 6) << "coalesced";
}

TEST_F(ExecutorTest, cancel_stops_the_handler_and_nothing_follows) {
  std::promise<StopReason> reason;
  run_with([&](JobContext& context) {
    EXPECT_TRUE(context.emit("1"));
    context.sleep_for(std::chrono::hours(1));
    EXPECT_FALSE(context.emit("2"));
    reason.set_value(context.stop_reason());
    return Outcome::completed("1");
  });
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 1));
  ASSERT_TRUE(submit(job::Cancel{id, "ada", "enough"}));
  EXPECT_EQ(reason.get_future().get(), StopReason::cancelled);
  drain();
  EXPECT_EQ(executor_->running(), 0);
  EXPECT_EQ(kinds(id), "scX");
}

TEST_F(ExecutorTest, drain_gives_the_job_back_and_the_next_executor_goes_on_exactly) {
  run_with(count_and_wait(5));
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 5));
  drain();
  EXPECT_EQ(executor_->running(), 0);
  EXPECT_TRUE(record(id).queued);
  EXPECT_EQ(record(id).holder, "");
  run_with([](JobContext& context) {
    EXPECT_EQ(context.resume_point().attempt, 2);
    for (auto i = context.resume_point().chunk_count + 1; i <= 8; ++i)
      EXPECT_TRUE(context.emit(std::to_string(i)));
    return Outcome::completed("1");
  });
  ASSERT_TRUE(wait_for_end(id));
  EXPECT_EQ(chunks(id), (std::vector<std::string>{"1", "2", "3", "4", "5", "6", "7", "8"}));
  EXPECT_EQ(kinds(id), "scccccrcccC");
}

TEST_F(ExecutorTest, while_draining_a_last_checkpoint_is_kept) {
  run_with([](JobContext& context) {
    EXPECT_TRUE(context.emit("1"));
    context.sleep_for(std::chrono::hours(1));
    EXPECT_EQ(context.stop_reason(), StopReason::draining);
    EXPECT_TRUE(context.checkpoint(R"({"at":1})"));
    return Outcome::stopped();
  });
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 1));
  drain();
  EXPECT_EQ(kinds(id), "sck");
  EXPECT_EQ(record(id).state, job::JobState::checkpointed);
  std::promise<std::optional<std::string>> state;
  run_with([&](JobContext& context) {
    state.set_value(context.resume_point().checkpoint);
    return Outcome::completed("1");
  });
  EXPECT_EQ(state.get_future().get(), R"({"at":1})");
}

TEST_F(ExecutorTest, drain_returns_at_its_deadline_though_a_handler_does_not) {
  std::promise<void> release;
  auto released = release.get_future().share();
  run_with([released](JobContext& context) {
    EXPECT_TRUE(context.emit("1"));
    released.wait();
    return Outcome::stopped();
  });
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 1));
  drain(std::chrono::milliseconds(1));
  EXPECT_EQ(executor_->running(), 1);
  release.set_value();
  drain();
  EXPECT_EQ(executor_->running(), 0);
}

TEST_F(ExecutorTest, after_drain_nothing_is_claimed) {
  run_with([](JobContext&) { return Outcome::completed("1"); });
  drain();
  drain();
  const auto id = start();
  EXPECT_TRUE(record(id).queued);
}

TEST_F(ExecutorTest, a_job_that_was_given_back_after_a_crash_is_withdrawn_as_planned) {
  const auto id = start();
  auto claim = submit(job::Claim{{"scripted"}, "dead"});  // A process that writes two chunks and dies.
  ASSERT_TRUE(claim && claim->claimed);
  const auto epoch = claim->claimed->record.epoch;
  ASSERT_TRUE(submit(job::Begin{id, epoch, {}}));
  ASSERT_TRUE(
      submit(job::Append{id, epoch, 1, {{job::EventKind::chunk, "1"}, {job::EventKind::chunk, "2"}}}));
  ASSERT_TRUE(submit(job::Release{id, epoch}));
  run_with(
      [](JobContext& context) {
        EXPECT_EQ(context.resume_point().chunk_count, 0);
        EXPECT_TRUE(context.emit("3"));
        return Outcome::completed("1");
      },
      {job::ContinueFrom::beginning, std::nullopt});
  ASSERT_TRUE(wait_for_end(id));
  EXPECT_EQ(kinds(id), "sccrcC");
  EXPECT_EQ(record(id).chunk_count, 1);
}

TEST_F(ExecutorTest, a_fenced_run_stops_and_writes_nothing_more) {
  std::promise<StopReason> reason;
  std::promise<void> lost;
  auto was_lost = lost.get_future().share();
  run_with([&, was_lost](JobContext& context) {
    EXPECT_TRUE(context.emit("1"));
    was_lost.wait();
    while (context.emit("2")) {
    }
    reason.set_value(context.stop_reason());
    return Outcome::completed("1");
  });
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 1));
  ASSERT_TRUE(
      submit(job::Finish{id, record(id).epoch, job::EventKind::completed, "9"}));  // Somebody else's end.
  lost.set_value();
  EXPECT_EQ(reason.get_future().get(), StopReason::fenced);
  drain();
  EXPECT_EQ(kinds(id), "scC");
}

TEST_F(ExecutorTest, a_plan_that_refuses_fails_the_job_without_running_it) {
  run_with(count_and_wait(2), {{}, Error{Errc::interrupted, "It was cut off."}});
  const auto id = start();
  ASSERT_TRUE(wait_for_chunks(id, 2));
  drain();
  run_with(count_and_wait(9), {{}, Error{Errc::interrupted, "It was cut off."}});
  ASSERT_TRUE(wait_for_end(id));
  EXPECT_EQ(kinds(id), "sccF");
  EXPECT_EQ(last_payload(id), R"({"error":"It was cut off.","code":"interrupted"})");

  // Resumed by its owner: the series has to begin before it can fail again.
  ASSERT_TRUE(submit(job::Resume{id, "ada"}));
  ASSERT_TRUE(wait(id, [](const auto& events) { return events.size() == 6; }));
  EXPECT_EQ(kinds(id), "sccFrF");
}

TEST_F(ExecutorTest, a_job_that_is_interrupted_too_often_without_output_fails) {
  const auto id = start();
  for (std::uint32_t i = 0; i < limits::kDefaultAttempts; ++i) {
    auto claim = submit(job::Claim{.types = {"scripted"}, .holder = "dies", .lease = Millis(1)});
    ASSERT_TRUE(claim && claim->claimed);
    ASSERT_TRUE(submit(job::Begin{id, claim->claimed->record.epoch, {}}));
    while (!store_.find(id)->holder.empty()) ASSERT_TRUE(submit(job::Sweep{}));
  }
  run_with([](JobContext&) { return Outcome::completed("1"); });
  ASSERT_TRUE(wait_for_end(id));
  EXPECT_EQ(events(id).back()->kind, job::EventKind::failed);
  EXPECT_NE(last_payload(id).find("\"interrupted\""), std::string::npos) << last_payload(id);
}

TEST_F(ExecutorTest, failures_of_handlers_end_the_job_with_a_clear_error) {
  struct Row {
    std::function<Outcome(JobContext&)> body;
    std::string payload;
  };
  const Row rows[] = {
      {[](JobContext&) {
         return Outcome::failed({Errc::upstream_failed, "It broke."});
       },
       R"({"error":"It broke.","code":"upstream_failed"})"},
      {[](JobContext&) -> Outcome { throw std::runtime_error("secret detail"); },
       R"({"error":"The job's handler failed unexpectedly.","code":"handler_failed"})"},
      {[](JobContext&) -> Outcome { throw 7; },
       R"({"error":"The job's handler failed unexpectedly.","code":"handler_failed"})"},
      {[](JobContext&) { return Outcome::stopped(); },
       R"({"error":"The job's handler stopped without being asked to.","code":"handler_failed"})"},
      {[](JobContext&) { return Outcome::completed("not json"); },
       R"({"error":"The job's handler returned a result that is not valid JSON.","code":"handler_failed"})"},
      {[](JobContext& context) {
         EXPECT_FALSE(context.emit(std::string(limits::kMaxEventPayload + 1, '1')));
         return Outcome::completed("1");
       },
       R"({"error":"The job's handler wrote a chunk of 524289 bytes; at most 524288 are allowed.","code":"handler_failed"})"},
  };
  for (const auto& row : rows) {
    run_with(row.body);
    const auto id = start();
    ASSERT_TRUE(wait_for_end(id));
    EXPECT_EQ(last_payload(id), row.payload);
  }
}

TEST_F(ExecutorTest, a_result_or_error_that_is_too_large_is_cut_down) {
  run_with([](JobContext&) { return Outcome::completed('"' + std::string(limits::kMaxResult, 'x') + '"'); });
  const auto large_result = start();
  ASSERT_TRUE(wait_for_end(large_result));
  EXPECT_EQ(events(large_result).back()->kind, job::EventKind::failed);
  run_with([](JobContext&) { return Outcome::failed({Errc::handler_failed, std::string(100'000, 'x')}); });
  const auto large_error = start();
  ASSERT_TRUE(wait_for_end(large_error));
  EXPECT_LT(last_payload(large_error).size(), limits::kMaxErrorText + 100);
}

}  // namespace
}  // namespace hawser::worker
