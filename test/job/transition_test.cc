#include <string>
#include <vector>

#include "test/job/transition_fixture.h"

// The rules of the single commands.
namespace hawser::job {
namespace {

// ---- Begin ----

TEST(Transition, the_first_run_writes_job_started_without_the_input) {
  const auto change = decide(lease(fresh(), by("worker")), Begin{kId, 1, ContinueFrom::beginning}, kNow + 5, {});
  ASSERT_TRUE(change && change->events.size() == 1);
  EXPECT_EQ(change->events[0].kind, EventKind::started);
  EXPECT_EQ(change->events[0].attempt, 1U);
  EXPECT_EQ(*change->events[0].payload, "");
  EXPECT_FALSE(change->events[0].complete);
  EXPECT_EQ(change->record.state, JobState::running);
  EXPECT_EQ(change->record.started_at, kNow + 5);
}

TEST(Transition, beginning_twice_in_one_epoch_is_a_repetition) {
  const auto change = decide(begun(), Begin{kId, 1, ContinueFrom::beginning}, kNow, {});
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->changed);
}

TEST(Transition, keep_through_and_the_counters_of_what_stands) {
  auto record = with(begun(), {chunk("\"a\""), chunk("\"b\""), checkpoint(), chunk("\"c\"")});
  ASSERT_EQ(record.checkpoint_sequence, 4U);
  struct Row {
    ContinueFrom from;
    std::string payload;
    std::uint64_t chunks, bytes, checkpoint;
  };
  for (const auto& row : {Row{ContinueFrom::last_event, R"({"attempt":2,"keepThrough":5})", 3, 9, 4},
                          Row{ContinueFrom::checkpoint, R"({"attempt":2,"keepThrough":4})", 2, 6, 4},
                          Row{ContinueFrom::beginning, R"({"attempt":2,"keepThrough":0})", 0, 0, 0}}) {
    const auto change = begun_again(record, row.from);
    ASSERT_EQ(change.events.size(), 1U);
    EXPECT_EQ(change.events[0].kind, EventKind::resumed);
    EXPECT_EQ(*change.events[0].payload, row.payload);
    EXPECT_EQ(change.record.chunk_count, row.chunks);
    EXPECT_EQ(change.record.output_bytes, row.bytes);
    EXPECT_EQ(change.record.checkpoint_sequence, row.checkpoint);
  }
}

TEST(Transition, continuing_from_a_checkpoint_that_is_not_there_means_the_beginning) {
  const auto change = begun_again(with(begun(), {chunk()}), ContinueFrom::checkpoint);
  EXPECT_EQ(*change.events[0].payload, R"({"attempt":2,"keepThrough":0})");
  EXPECT_EQ(change.record.chunk_count, 0U);
}

TEST(Transition, fruitless_attempts_count_runs_since_the_last_chunk) {
  auto record = begun();
  EXPECT_EQ(record.fruitless_attempts, 1U);
  record = begun_again(record, ContinueFrom::last_event).record;
  EXPECT_EQ(record.fruitless_attempts, 2U);
  EXPECT_EQ(with(record, {checkpoint()}).fruitless_attempts, 2U);
  EXPECT_EQ(with(record, {chunk()}).fruitless_attempts, 0U);
}

// ---- Append ----

TEST(Transition, a_repeated_batch_is_harmless_and_an_overlapping_one_adds_its_new_part) {
  const auto record = with(begun(), {chunk("1"), chunk("2")});
  const auto repeated = decide(record, Append{kId, 1, 1, {chunk("1"), chunk("2")}}, kNow, {});
  ASSERT_TRUE(repeated);
  EXPECT_FALSE(repeated->changed);
  const auto overlapping = decide(record, Append{kId, 1, 2, {chunk("2"), chunk("3")}}, kNow, {});
  ASSERT_TRUE(overlapping && overlapping->events.size() == 1);
  EXPECT_EQ(*overlapping->events[0].payload, "3");
  EXPECT_EQ(overlapping->record.producer_sequence, 3U);
}

TEST(Transition, a_hole_in_the_producer_sequence_is_refused) {
  const auto record = with(begun(), {chunk()});
  EXPECT_EQ(code_of(decide(record, Append{kId, 1, 3, {chunk()}}, kNow, {})), Errc::sequence_gap);
  EXPECT_EQ(code_of(decide(record, Append{kId, 1, ~0ULL, {chunk()}}, kNow, {})), Errc::sequence_gap);
  EXPECT_EQ(code_of(decide(record, Append{kId, 1, 0, {chunk()}}, kNow, {})), Errc::bad_request);
}

TEST(Transition, a_new_epoch_counts_from_one_again) {
  const auto record = with(begun(), {chunk(), chunk()});
  EXPECT_EQ(begun_again(record, ContinueFrom::last_event).record.producer_sequence, 0U);
}

TEST(Transition, appending_before_the_run_began_is_refused) {
  const auto leased = lease(take_back(with(begun(), {chunk()})), by("other"));
  EXPECT_EQ(leased.state, JobState::running);
  EXPECT_EQ(code_of(decide(leased, append_of(leased, {chunk()}), kNow, {})), Errc::invalid_state);
}

TEST(Transition, only_output_can_be_appended) {
  for (const auto kind : {EventKind::started, EventKind::resumed, EventKind::completed, EventKind::failed,
                          EventKind::cancelled}) {
    EXPECT_EQ(code_of(decide(begun(), append_of(begun(), {{kind, "{}"}}), kNow, {})), Errc::bad_request);
  }
  EXPECT_EQ(code_of(decide(begun(), append_of(begun(), {chunk("")}), kNow, {})), Errc::bad_request);
  const auto huge = std::string(limits::kMaxEventPayload + 1, '1');
  EXPECT_EQ(code_of(decide(begun(), append_of(begun(), {chunk(huge)}), kNow, {})), Errc::bad_request);
}

TEST(Transition, the_event_limit_ends_the_job_in_the_place_kept_for_that) {
  const Rules limits{.log = {.events = 4, .bytes = limits::kMaxLogBytesPerJob}};
  const auto record = with(begun(), {chunk(), chunk()}, limits);
  ASSERT_EQ(record.last_sequence, 3U);
  const auto change = decide(record, append_of(record, {chunk()}), kNow, limits);
  ASSERT_TRUE(change && change->error);
  EXPECT_EQ(change->error->code, Errc::output_limit);
  EXPECT_TRUE(change->revoked);
  ASSERT_EQ(change->events.size(), 1U);
  EXPECT_EQ(change->events[0].sequence, 4U);
  EXPECT_EQ(change->events[0].kind, EventKind::failed);
  EXPECT_NE(change->events[0].payload->find(R"("code":"output_limit")"), std::string::npos);
  EXPECT_EQ(change->record.state, JobState::failed);
  EXPECT_EQ(code_of(decide(change->record, Resume{kId, "ann"}, kNow, limits)), Errc::output_limit);
}

TEST(Transition, the_byte_limit_keeps_room_for_the_largest_result) {
  const Rules limits{.log = {.events = 100, .bytes = limits::kMaxResult + 10}};
  const auto full = with(begun(), {chunk("1234567890")}, limits);
  EXPECT_EQ(full.state, JobState::running);
  EXPECT_EQ(with(full, {chunk("1")}, limits).state, JobState::failed);
  const auto result = std::string(limits::kMaxResult, '1');
  const auto change = decide(full, Finish{kId, 1, EventKind::completed, result}, kNow, limits);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->record.state, JobState::completed);
}

TEST(Transition, a_run_without_room_for_its_first_event_ends_the_job) {
  const Rules limits{.log = {.events = 3, .bytes = limits::kMaxLogBytesPerJob}};
  const auto leased = lease(take_back(with(begun(), {chunk()}, limits)), by("other"));
  const auto change = decide(leased, Begin{kId, leased.epoch, ContinueFrom::last_event}, kNow, limits);
  ASSERT_TRUE(change && change->error);
  EXPECT_EQ(change->record.state, JobState::failed);
  EXPECT_EQ(change->record.last_sequence, 3U);
}

// ---- Output in front of checkpoints and failures ----

TEST(Transition, a_checkpoint_is_completed_by_a_read_unless_there_is_nothing_or_too_much_to_read) {
  struct Row {
    std::size_t output;
    bool complete, truncated;
  };
  const auto limit = limits::kMaxCheckpointPartialOutput;
  for (const auto& row : {Row{0, true, false}, Row{1, false, false}, Row{limit - 2, false, false},
                          Row{limit - 1, true, true}, Row{limit * 2, true, true}}) {
    auto record = begun();
    if (row.output > 0) record = with(record, {chunk(std::string(row.output, '1'))});
    const auto change = decide(record, append_of(record, {checkpoint()}), kNow, {});
    const auto& event = change->events.at(0);
    EXPECT_EQ(event.complete, row.complete) << row.output;
    EXPECT_EQ(event.partial_output_truncated, row.truncated) << row.output;
    if (row.complete) {
      EXPECT_EQ(*event.partial_output, "[]");
    }
  }
}

// ---- Finish, Release, Cancel, Resume ----

TEST(Transition, repeating_finish_in_its_epoch_answers_the_stored_outcome) {
  for (const auto outcome : {EventKind::completed, EventKind::failed}) {
    const auto record = finished(outcome);
    const auto repeated = decide(record, Finish{kId, 1, EventKind::failed, "{}"}, kNow, {});
    ASSERT_TRUE(repeated);
    EXPECT_FALSE(repeated->changed);
    EXPECT_EQ(repeated->record.state, record.state);
  }
}

TEST(Transition, a_run_that_is_refused_before_it_begins_may_fail_but_not_complete) {
  const auto leased = lease(take_back(with(begun(), {chunk()})), by("other"));
  EXPECT_EQ(code_of(decide(leased, Finish{kId, leased.epoch, EventKind::completed, "1"}, kNow, {})),
            Errc::invalid_state);
  const auto failed = decide(leased, Finish{kId, leased.epoch, EventKind::failed, "{}"}, kNow, {});
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->record.state, JobState::failed);
}

TEST(Transition, a_result_over_its_limit_fails_the_job) {
  const auto huge = std::string(limits::kMaxResult + 1, '1');
  const auto change = decide(begun(), Finish{kId, 1, EventKind::completed, huge}, kNow, {});
  ASSERT_TRUE(change && change->error);
  EXPECT_EQ(change->error->code, Errc::output_limit);
  EXPECT_EQ(change->record.state, JobState::failed);
}

TEST(Transition, release_leaves_checkpointed_only_with_a_checkpoint) {
  const auto plain = decide(begun(), Release{kId, 1}, kNow, {});
  EXPECT_EQ(plain->record.state, JobState::running);
  EXPECT_TRUE(plain->record.queued && plain->record.holder.empty() && plain->events.empty());
  const auto record = with(begun(), {checkpoint()});
  EXPECT_EQ(decide(record, Release{kId, 1}, kNow, {})->record.state, JobState::checkpointed);
  EXPECT_EQ(decide(lease(fresh(), by("worker")), Release{kId, 1}, kNow, {})->record.state, JobState::created);
}

TEST(Transition, cancel_writes_its_reason_and_fences_the_worker) {
  const auto record = begun();
  const auto change = decide(record, Cancel{kId, "ann", "en\"ough"}, kNow, {});
  ASSERT_TRUE(change && change->events.size() == 1);
  EXPECT_EQ(*change->events[0].payload, R"({"reason":"en\"ough"})");
  EXPECT_TRUE(change->revoked);
  EXPECT_EQ(change->record.epoch, record.epoch + 1);
  EXPECT_EQ(code_of(decide(change->record, append_of(record, {chunk()}), kNow, {})), Errc::job_ended);
  EXPECT_EQ(*decide(fresh(), Cancel{kId, "ann", ""}, kNow, {})->events.at(0).payload, "{}");
  EXPECT_FALSE(decide(fresh(), Cancel{kId, "ann", ""}, kNow, {})->revoked);
}

TEST(Transition, cancelling_a_foreign_job_looks_like_an_unknown_one) {
  EXPECT_EQ(code_of(decide(begun(), Cancel{kId, "bob", ""}, kNow, {})), Errc::not_found);
  EXPECT_EQ(code_of(decide(begun(), Resume{kId, "bob"}, kNow, {})), Errc::not_found);
}

TEST(Transition, cancel_withdraws_a_waiting_resume_without_an_event) {
  const auto waiting = decide(finished(EventKind::failed), Resume{kId, "ann"}, kNow, {})->record;
  ASSERT_TRUE(waiting.queued);
  for (const auto& record : {waiting, lease(waiting, by("worker"))}) {
    const auto change = decide(record, Cancel{kId, "ann", ""}, kNow, {});
    ASSERT_TRUE(change && change->changed);
    EXPECT_TRUE(change->events.empty());
    EXPECT_EQ(change->record.state, JobState::failed);
    EXPECT_FALSE(is_active(change->record));
    EXPECT_GT(change->record.epoch, record.epoch);
  }
}

TEST(Transition, resume_queues_only_a_failed_job) {
  const auto failed = decide(finished(EventKind::failed), Resume{kId, "ann"}, kNow, {});
  ASSERT_TRUE(failed && failed->changed && failed->events.empty());
  EXPECT_EQ(failed->record.state, JobState::failed);
  EXPECT_FALSE(decide(failed->record, Resume{kId, "ann"}, kNow, {})->changed);
  EXPECT_FALSE(decide(begun(), Resume{kId, "ann"}, kNow, {})->changed);
  EXPECT_FALSE(decide(fresh(), Resume{kId, "ann"}, kNow, {})->changed);
  EXPECT_EQ(code_of(decide(finished(EventKind::completed), Resume{kId, "ann"}, kNow, {})),
            Errc::invalid_state);
}

TEST(Transition, positions_go_on_from_the_owner_and_mark_the_first_event) {
  auto change = *decide(lease(fresh(), by("worker")), Begin{kId, 1, ContinueFrom::beginning}, kNow, {});
  std::uint64_t head = 41;
  assign_positions(change, head);
  EXPECT_EQ(head, 42U);
  EXPECT_EQ(change.events[0].position, 42U);
  EXPECT_EQ(change.record.first_position, 42U);
  EXPECT_EQ(change.record.last_position, 42U);
}

}  // namespace
}  // namespace hawser::job
