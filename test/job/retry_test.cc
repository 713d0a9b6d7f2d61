#include <gtest/gtest.h>

#include "test/job/transition_fixture.h"

namespace hawser::job {
namespace {

using namespace std::chrono_literals;

Finish failure(const JobRecord& record, bool retryable) {
  return {.id = kId,
          .epoch = record.epoch,
          .outcome = EventKind::failed,
          .payload = R"({"error":"No.","code":"upstream_failed"})",
          .retryable = retryable};
}

JobRecord failed_once_more(JobRecord record, const Rules& rules) {
  record = lease(record, by("worker"));
  record = decide(record, Begin{kId, record.epoch, {}}, kNow, rules)->record;
  return decide(record, failure(record, true), kNow, rules)->record;
}

TEST(Retry, pauses_double_up_to_the_longest_and_half_of_them_is_jitter) {
  const Rules rules{.log = {}, .policy = {.attempts = 9, .backoff = 100ms, .max_backoff = 1000ms}};
  auto record = fresh();
  for (const Millis full : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) {
    record = failed_once_more(record, rules);
    EXPECT_GE(record.delay, full / 2);
    EXPECT_LE(record.delay, full);
    EXPECT_EQ(record.not_before, kNow + record.delay.count());
  }
}

TEST(Retry, a_permanent_failure_ends_the_job_at_once) {
  const auto record = begun();
  const auto change = decide(record, failure(record, false), kNow, {});
  ASSERT_TRUE(change);
  EXPECT_EQ(change->record.state, JobState::failed);
  EXPECT_EQ(change->record.failures, 0U);
}

TEST(Retry, a_job_with_a_checkpoint_waits_as_checkpointed) {
  const auto record = with(begun(), {chunk(), checkpoint()});
  const auto change = decide(record, failure(record, true), kNow, {});
  EXPECT_EQ(change->record.state, JobState::checkpointed);
  EXPECT_TRUE(change->record.queued);
  EXPECT_TRUE(change->events.empty());
}

TEST(Retry, a_resumed_job_that_fails_before_it_begins_stays_failed) {
  const auto ended = finished(EventKind::failed);
  const auto record = lease(decide(ended, Resume{kId, "ann"}, kNow, {})->record, by("worker"));
  EXPECT_EQ(code_of(decide(record, failure(record, true), kNow, {})), Errc::invalid_state);
}

TEST(Retry, a_handed_out_job_carries_no_delay) {
  auto record = failed_once_more(fresh(), {});
  EXPECT_GT(record.delay, 0ms);
  record = lease(record, by("worker"));
  EXPECT_EQ(record.delay, 0ms);
  EXPECT_EQ(record.not_before, 0);
}

}  // namespace
}  // namespace hawser::job
