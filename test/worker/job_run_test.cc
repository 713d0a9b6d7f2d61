#include "worker/job_run.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "test/support/manual_clock.h"
#include "test/worker/held_store.h"

namespace hawser::worker {
namespace {

using Payloads = std::vector<std::string>;

job::ClaimedJob claimed_job() {
  job::ClaimedJob job;
  job.record.owner = std::make_shared<const std::string>("ada");
  job.record.type = std::make_shared<const std::string>("test");
  job.record.epoch = 3;
  job.record.attempt = 1;
  job.record.chunk_count = 8;
  job.record.checkpoint_chunk_count = 5;
  job.input = "{}";
  job.checkpoint = "{\"at\":5}";
  return job;
}

class JobRunTest : public testing::Test {
 protected:
  HeldStore store_;
  test::ManualClock clock_;
  JobRun run_{store_, clock_, claimed_job()};
};

TEST_F(JobRunTest, tells_the_handler_what_stands) {
  struct Row {
    job::ContinueFrom from;
    std::uint64_t chunks;
    bool checkpoint;
  };
  const Row rows[] = {{job::ContinueFrom::last_event, 8, true},
                      {job::ContinueFrom::checkpoint, 5, true},
                      {job::ContinueFrom::beginning, 0, false}};
  for (const auto& row : rows) {
    JobRun run(store_, clock_, claimed_job());
    run.continue_from(row.from);
    EXPECT_EQ(run.resume_point().attempt, 2);
    EXPECT_EQ(run.resume_point().chunk_count, row.chunks);
    EXPECT_EQ(run.resume_point().checkpoint.has_value(), row.checkpoint);
  }
}

TEST_F(JobRunTest, a_checkpoint_that_does_not_exist_means_the_beginning) {
  auto claimed = claimed_job();
  claimed.checkpoint.reset();
  JobRun run(store_, clock_, std::move(claimed));
  run.continue_from(job::ContinueFrom::checkpoint);
  EXPECT_EQ(run.resume_point().chunk_count, 0);
}

TEST_F(JobRunTest, keeps_the_order_of_chunks_and_checkpoints) {
  ASSERT_TRUE(run_.emit(" 1 "));
  ASSERT_TRUE(run_.emit("2"));
  ASSERT_TRUE(run_.checkpoint("{}"));
  ASSERT_TRUE(run_.emit("3"));
  EXPECT_EQ(store_.accept(), Payloads{"1"});
  auto rest = store_.next();
  ASSERT_EQ(rest.append.events.size(), 3);
  EXPECT_EQ(rest.append.events[1].kind, job::EventKind::checkpoint);
}

TEST_F(JobRunTest, checkpoints_left_to_us_come_behind_every_so_many_chunks_of_the_job) {
  auto claimed = claimed_job();  // Eight chunks stand already.
  claimed.checkpoint_every = 3;
  JobRun run(store_, clock_, std::move(claimed));
  std::uint64_t number = 8;
  run.checkpoint_with([&number] { return std::to_string(number); });
  for (number = 9; number <= 12; ++number) ASSERT_TRUE(run.emit("1"));
  EXPECT_EQ(store_.accept(), Payloads{"1"});
  const auto rest = store_.next();
  std::string kinds;
  for (const auto& event : rest.append.events)
    kinds += event.kind == job::EventKind::chunk ? "1" : event.payload;
  EXPECT_EQ(kinds, "911112");
}

TEST_F(JobRunTest, a_chunk_that_breaks_the_rules_is_a_defect_of_the_handler) {
  const std::string large = '"' + std::string(limits::kMaxEventPayload, 'x') + '"';
  struct Row {
    std::string chunk, sentence;
  };
  const Row rows[] = {{"{", "not valid JSON"},
                      {"", "not valid JSON"},
                      {"\"\xff\"", "not valid JSON"},
                      {"1 2", "not valid JSON"},
                      {large, "524290 bytes"}};
  for (const auto& row : rows) {
    JobRun run(store_, clock_, claimed_job());
    const auto status = run.emit(row.chunk);
    ASSERT_FALSE(status);
    ASSERT_TRUE(run.defect());
    EXPECT_EQ(run.defect()->code, Errc::handler_failed);
    EXPECT_NE(run.defect()->message.find(row.sentence), std::string::npos) << run.defect()->message;
  }
  EXPECT_EQ(store_.waiting(), 0);
}

TEST_F(JobRunTest, progress_is_coalesced_and_the_newest_wins) {
  ASSERT_TRUE(run_.progress(1, 4, "one"));
  EXPECT_EQ(store_.accept(), Payloads{R"({"current":1,"total":4,"message":"one","percentage":25})"});
  ASSERT_TRUE(run_.progress(2, 4, {}));
  ASSERT_TRUE(run_.progress(3, 4, {}));
  run_.tick();
  EXPECT_EQ(store_.waiting(), 0);
  clock_.advance(limits::kProgressInterval);
  run_.tick();
  EXPECT_EQ(store_.accept(), Payloads{R"({"current":3,"total":4,"percentage":75})"});
  clock_.advance(limits::kProgressInterval);
  run_.tick();
  EXPECT_EQ(store_.waiting(), 0) << "nothing new";
}

TEST_F(JobRunTest, the_last_progress_is_flushed_behind_everything) {
  ASSERT_TRUE(run_.progress(1, 2, {}));
  ASSERT_TRUE(run_.emit("1"));
  ASSERT_TRUE(run_.progress(2, 2, {}));
  store_.accept();
  EXPECT_EQ(store_.accept(), Payloads{"1"});
  run_.request_stop(StopReason::draining);
  std::thread flusher([this] { EXPECT_TRUE(run_.flush()); });
  EXPECT_EQ(store_.accept(), Payloads{R"({"current":2,"total":2,"percentage":100})"});
  flusher.join();
}

TEST_F(JobRunTest, progress_never_waits_for_the_window) {
  for (std::size_t i = 0; i < limits::kUnackedEventsPerJob; ++i) ASSERT_TRUE(run_.emit("1"));
  EXPECT_TRUE(run_.progress(1, 0, {}));
  store_.accept();
  run_.tick();
  store_.accept();
  EXPECT_EQ(store_.accept(), Payloads{R"({"current":1,"total":0,"percentage":0})"});
}

TEST_F(JobRunTest, after_a_cancel_nothing_more_is_taken) {
  run_.request_stop(StopReason::cancelled);
  EXPECT_EQ(run_.emit("1").error().code, Errc::job_ended);
  EXPECT_EQ(run_.stop_reason(), StopReason::cancelled);
  EXPECT_TRUE(run_.stop_token().stop_requested());
  EXPECT_FALSE(run_.sleep_for(std::chrono::hours(1)));
}

TEST_F(JobRunTest, while_draining_a_last_checkpoint_is_taken) {
  run_.request_stop(StopReason::draining);
  EXPECT_TRUE(run_.checkpoint("{}"));
  run_.request_stop(StopReason::cancelled);
  EXPECT_EQ(run_.stop_reason(), StopReason::cancelled) << "a cancel is stronger";
}

TEST_F(JobRunTest, sleep_ends_early_when_asked_to_stop) {
  std::thread stopper([this] { run_.request_stop(StopReason::fenced); });
  EXPECT_FALSE(run_.sleep_for(std::chrono::hours(1)));
  stopper.join();
  EXPECT_TRUE(JobRun(store_, clock_, claimed_job()).sleep_for(std::chrono::nanoseconds(1)));
}

}  // namespace
}  // namespace hawser::worker
