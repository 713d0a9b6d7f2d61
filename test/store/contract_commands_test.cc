#include "test/store/contract_fixture.h"

// The commands of the JobStore contract, one job at a time. The rules of a single decision are tabled in
// test/job/transition_test.cc; here they are seen through a store.
namespace hawser::store {
namespace {

using job::ContinueFrom;
using job::EventKind;
using job::JobState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobStoreCommands : public JobStoreContract {};
INSTANTIATE_TEST_SUITE_P(All, JobStoreCommands, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreCommands, start_creates_a_queued_job_without_an_event) {
  const auto id = driver_.start("ann", "work", R"({"a":1})");
  const auto record = store_->find(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->state, JobState::created);
  EXPECT_TRUE(record->queued);
  EXPECT_EQ(*record->owner, "ann");
  EXPECT_EQ(*record->type, "work");
  EXPECT_EQ(record->last_sequence, 0U);
  EXPECT_EQ(store_->input(id), R"({"a":1})");
  EXPECT_THAT(driver_.log(id), IsEmpty());
  EXPECT_EQ(store_->owner_head("ann"), 0U);
  driver_.settle();
  EXPECT_EQ(announced_.work_queued(), 1U);
}

TEST_P(JobStoreCommands, an_idempotency_key_answers_the_first_job_or_a_conflict) {
  const auto first = driver_.start("ann", "work", "{}", "key");
  const auto again = driver_.run(job::Start{new_id(), "ann", "work", "{}", "key"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, first);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(code_of(driver_.run(job::Start{new_id(), "ann", "work", "[]", "key"})),
            Errc::idempotency_conflict);
  EXPECT_EQ(code_of(driver_.run(job::Start{new_id(), "ann", "else", "{}", "key"})),
            Errc::idempotency_conflict);
  EXPECT_NE(driver_.start("bob", "work", "{}", "key"), first);
}

TEST_P(JobStoreCommands, an_idempotency_key_lives_as_long_as_its_ended_job) {
  const auto first = driver_.start("ann", "work", "{}", "key");
  driver_.run(job::Cancel{first, "ann", ""}).value();
  const auto again = driver_.run(job::Start{new_id(), "ann", "work", "{}", "key"});
  EXPECT_EQ(again->id, first);
  EXPECT_EQ(again->state, JobState::cancelled);
}

TEST_P(JobStoreCommands, an_id_is_used_once) {
  const auto id = driver_.start();
  EXPECT_EQ(code_of(driver_.run(job::Start{id, "ann", "work", "{}", ""})), Errc::internal);
}

TEST_P(JobStoreCommands, an_owner_has_a_limit_of_unfinished_jobs) {
  std::vector<JobId> jobs;
  for (std::size_t i = 0; i < limits::kMaxActiveJobsPerOwner; ++i) jobs.push_back(driver_.start());
  EXPECT_EQ(code_of(driver_.run(job::Start{new_id(), "ann", "work", "{}", ""})), Errc::too_many_jobs);
  driver_.start("bob");
  driver_.run(job::Cancel{jobs[0], "ann", ""}).value();
  driver_.start();
  EXPECT_EQ(code_of(driver_.run(job::Start{new_id(), "ann", "work", "{}", ""})), Errc::too_many_jobs);
}

TEST_P(JobStoreCommands, a_resume_counts_against_the_limit_of_unfinished_jobs) {
  const auto failed = driver_.running();
  driver_.finish(failed, EventKind::failed).value();
  for (std::size_t i = 0; i < limits::kMaxActiveJobsPerOwner; ++i) driver_.start();
  EXPECT_EQ(code_of(driver_.run(job::Resume{failed.id, "ann"})), Errc::too_many_jobs);
}

TEST_P(JobStoreCommands, claim_leases_the_oldest_queued_job_of_the_types) {
  std::vector<std::pair<WallMillis, JobId>> jobs;
  for (const std::string type : {"a", "b", "a", "c"}) {
    const auto id = driver_.start("ann", type);
    if (type != "c") jobs.emplace_back(store_->find(id)->created_at, id);
  }
  std::ranges::sort(jobs);
  for (const auto& [created_at, id] : jobs) {
    EXPECT_EQ(driver_.run(job::Claim{{"a", "b"}, "worker"})->claimed->record.id, id);
  }
  EXPECT_EQ(driver_.run(job::Claim{{"a", "b"}, "worker"})->claimed, nullptr);
  EXPECT_EQ(driver_.claim("d"), nullptr);
}

TEST_P(JobStoreCommands, a_claim_raises_the_epoch_and_writes_no_event) {
  const auto id = driver_.start();
  EXPECT_EQ(driver_.claim()->record.epoch, 1U);
  const auto record = *store_->find(id);
  EXPECT_EQ(record.epoch, 1U);
  EXPECT_EQ(record.holder, "worker");
  EXPECT_EQ(record.state, JobState::created);
  EXPECT_FALSE(record.queued);
  driver_.settle();
  EXPECT_THAT(announced_.events(), IsEmpty());
}

TEST_P(JobStoreCommands, a_claimed_job_carries_its_input_and_newest_checkpoint) {
  driver_.start("ann", "work", R"({"q":"x"})");
  auto claimed = driver_.claim();
  EXPECT_EQ(claimed->input, R"({"q":"x"})");
  EXPECT_EQ(claimed->checkpoint, std::nullopt);
  driver_.begin(*claimed).value();
  driver_.append(claimed->record, 1, {checkpoint("1"), chunk("2"), checkpoint("3")}).value();
  driver_.run(job::Release{claimed->record.id, claimed->record.epoch}).value();
  EXPECT_EQ(driver_.claim()->checkpoint, "3");
}

TEST_P(JobStoreCommands, a_run_writes_started_chunks_and_its_end) {
  const auto record = driver_.running();
  EXPECT_EQ(driver_.append(record, 1, {chunk("\"a\""), {EventKind::progress, "{}"}})->last_sequence, 3U);
  EXPECT_EQ(driver_.finish(record, EventKind::completed, "42")->state, JobState::completed);
  const auto log = driver_.log(record.id);
  EXPECT_THAT(kinds(log),
              ElementsAre(EventKind::started, EventKind::chunk, EventKind::progress, EventKind::completed));
  EXPECT_THAT(payloads(log), ElementsAre("{}", "\"a\"", "{}", "42"));
  for (std::size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(log[i]->sequence, i + 1);
    EXPECT_EQ(log[i]->attempt, 1U);
    EXPECT_TRUE(log[i]->complete);
    EXPECT_EQ(*log[i]->owner, "ann");
    EXPECT_EQ(*log[i]->type, "work");
    EXPECT_GT(log[i]->timestamp, 0);
  }
}

TEST_P(JobStoreCommands, a_repeated_batch_adds_nothing_and_a_hole_is_refused) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk("1"), chunk("2")}).value();
  const auto repeated = driver_.append(record, 1, {chunk("1"), chunk("2")});
  EXPECT_TRUE(repeated->duplicate);
  EXPECT_EQ(repeated->last_sequence, 3U);
  EXPECT_EQ(driver_.append(record, 2, {chunk("2"), chunk("3")})->last_sequence, 4U);
  EXPECT_EQ(code_of(driver_.append(record, 5, {chunk("5")})), Errc::sequence_gap);
  EXPECT_THAT(payloads(driver_.log(record.id)), ElementsAre("{}", "1", "2", "3"));
}

TEST_P(JobStoreCommands, append_with_an_old_epoch_is_fenced) {
  const auto record = driver_.running();
  driver_.run(job::Release{record.id, record.epoch}).value();
  EXPECT_EQ(code_of(driver_.append(record, 1, {chunk("1")})), Errc::fenced);
  const auto second = driver_.claim();
  driver_.begin(*second).value();
  EXPECT_EQ(code_of(driver_.append(record, 1, {chunk("1")})), Errc::fenced);
  EXPECT_EQ(code_of(driver_.finish(record)), Errc::fenced);
  EXPECT_EQ(code_of(driver_.run(job::Release{record.id, record.epoch})), Errc::fenced);
  EXPECT_TRUE(driver_.append(second->record, 1, {chunk("1")}));
}

TEST_P(JobStoreCommands, commands_on_an_unknown_job_answer_not_found) {
  const auto id = new_id();
  EXPECT_EQ(code_of(driver_.run(job::Begin{id, 1, {}})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Append{id, 1, 1, {chunk("1")}})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Finish{id, 1, EventKind::completed, "1"})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Release{id, 1})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Cancel{id, "ann", ""})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Resume{id, "ann"})), Errc::not_found);
  EXPECT_EQ(store_->find(id).error().code, Errc::not_found);
  EXPECT_EQ(store_->input(id).error().code, Errc::not_found);
  EXPECT_EQ(store_->read_job(id, 0, {}).error().code, Errc::not_found);
}

TEST_P(JobStoreCommands, cancel_ends_a_queued_job) {
  const auto id = driver_.start();
  EXPECT_EQ(driver_.run(job::Cancel{id, "ann", "enough"})->state, JobState::cancelled);
  EXPECT_EQ(driver_.claim(), nullptr);
  EXPECT_THAT(payloads(driver_.log(id)), ElementsAre(R"({"reason":"enough"})"));
  driver_.settle();
  EXPECT_THAT(announced_.revoked(), IsEmpty());
}

TEST_P(JobStoreCommands, cancel_revokes_a_running_job_and_wins_over_a_later_finish) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk("1")}).value();
  driver_.run(job::Cancel{record.id, "ann", ""}).value();
  driver_.settle();
  EXPECT_THAT(announced_.revoked(), ElementsAre(record.id));
  EXPECT_EQ(code_of(driver_.finish(record)), Errc::job_ended);
  EXPECT_THAT(kinds(driver_.log(record.id)),
              ElementsAre(EventKind::started, EventKind::chunk, EventKind::cancelled));
}

TEST_P(JobStoreCommands, cancelling_an_ended_job_tells_its_state_and_writes_nothing) {
  const auto record = driver_.running();
  driver_.finish(record).value();
  const auto answer = driver_.run(job::Cancel{record.id, "ann", ""});
  EXPECT_EQ(answer->state, JobState::completed);
  EXPECT_TRUE(answer->duplicate);
  EXPECT_EQ(driver_.log(record.id).size(), 2U);
}

TEST_P(JobStoreCommands, a_foreign_job_cannot_be_cancelled_or_resumed) {
  const auto id = driver_.start();
  EXPECT_EQ(code_of(driver_.run(job::Cancel{id, "bob", ""})), Errc::not_found);
  EXPECT_EQ(code_of(driver_.run(job::Resume{id, "bob"})), Errc::not_found);
}

TEST_P(JobStoreCommands, repeating_finish_in_its_epoch_answers_the_stored_outcome) {
  const auto record = driver_.running();
  driver_.finish(record, EventKind::failed, R"({"error":"x","code":"y"})").value();
  const auto again = driver_.finish(record);
  EXPECT_EQ(again->state, JobState::failed);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(driver_.log(record.id).size(), 2U);
}

TEST_P(JobStoreCommands, a_failed_job_stays_failed_until_its_resumed_run_begins) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk("1"), chunk("2")}).value();
  driver_.finish(record, EventKind::failed).value();
  EXPECT_EQ(driver_.run(job::Resume{record.id, "ann"})->state, JobState::failed);
  EXPECT_TRUE(driver_.run(job::Resume{record.id, "ann"})->duplicate);
  const auto claimed = driver_.claim();
  ASSERT_NE(claimed, nullptr);
  EXPECT_EQ(store_->find(record.id)->state, JobState::failed);
  EXPECT_EQ(driver_.begin(*claimed)->state, JobState::running);
  driver_.append(claimed->record, 1, {chunk("3")}).value();
  driver_.finish(claimed->record).value();
  EXPECT_THAT(kinds(driver_.log(record.id)),
              ElementsAre(EventKind::started, EventKind::chunk, EventKind::chunk, EventKind::failed,
                          EventKind::resumed, EventKind::chunk, EventKind::completed));
  EXPECT_EQ(*driver_.log(record.id)[4]->payload, R"({"attempt":2,"keepThrough":4})");
  EXPECT_EQ(code_of(driver_.run(job::Resume{record.id, "ann"})), Errc::invalid_state);
}

TEST_P(JobStoreCommands, a_waiting_resume_can_be_withdrawn) {
  const auto record = driver_.running();
  driver_.finish(record, EventKind::failed).value();
  driver_.run(job::Resume{record.id, "ann"}).value();
  EXPECT_EQ(driver_.run(job::Cancel{record.id, "ann", ""})->state, JobState::failed);
  EXPECT_EQ(driver_.claim(), nullptr);
  EXPECT_EQ(driver_.log(record.id).size(), 2U);
}

TEST_P(JobStoreCommands, a_job_with_a_checkpoint_is_checkpointed_while_it_has_no_worker) {
  const auto record = driver_.running();
  driver_.append(record, 1, {checkpoint("{}")}).value();
  EXPECT_EQ(store_->find(record.id)->state, JobState::running);
  driver_.run(job::Release{record.id, record.epoch}).value();
  EXPECT_EQ(store_->find(record.id)->state, JobState::checkpointed);
  driver_.begin(*driver_.claim(), ContinueFrom::checkpoint).value();
  EXPECT_EQ(store_->find(record.id)->state, JobState::running);
}

class JobStoreLogLimit : public JobStoreContract {
 protected:
  JobStoreLogLimit() : JobStoreContract(job::LogLimits{.events = 5, .bytes = limits::kMaxLogBytesPerJob}) {}
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreLogLimit, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreLogLimit, a_batch_that_would_pass_the_limit_ends_the_job) {
  const auto record = driver_.running();
  EXPECT_TRUE(driver_.append(record, 1, {chunk("1"), chunk("2"), chunk("3")}));
  EXPECT_EQ(code_of(driver_.append(record, 4, {chunk("4")})), Errc::output_limit);
  const auto log = driver_.log(record.id);
  EXPECT_EQ(log.size(), 5U);
  EXPECT_EQ(log.back()->kind, EventKind::failed);
  EXPECT_EQ(store_->find(record.id)->state, JobState::failed);
  driver_.settle();
  EXPECT_THAT(announced_.revoked(), ElementsAre(record.id));
  EXPECT_EQ(code_of(driver_.append(record, 5, {chunk("5")})), Errc::job_ended);
  EXPECT_EQ(driver_.finish(record)->state, JobState::failed);
}

}  // namespace
}  // namespace hawser::store
