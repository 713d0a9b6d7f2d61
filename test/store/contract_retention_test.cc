#include <algorithm>

#include "test/store/contract_fixture.h"
#include "test/support/manual_clock.h"

// Retention in the JobStore contract: which ended jobs are deleted, and what is left of them. The clock is
// the test's.
namespace hawser::store {
namespace {

using namespace std::chrono_literals;
using job::EventKind;
using job::JobState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kDay = 24h;

class JobStoreRetention : public ::testing::TestWithParam<Kind> {
 protected:
  JobStoreRetention() {
    for (auto& bounds : retention_.bounds) bounds = {};
  }

  /// With what `retention_` says by then.
  void open() {
    driver_.reset();
    store_.reset();
    const auto policies = std::make_shared<job::Policies>(
        job::Policy{}, std::map<std::string, job::Policy, std::less<>>{}, job::Quota{}, retention_);
    if (GetParam() == Kind::memory) {
      store_ =
          std::make_unique<MemoryJobStore>(MemoryOptions{clock_, runtime::system_random(), {}, policies});
    } else {
      RocksDbOptions options{.directory = directory_.path(), .clock = clock_};
      options.policies = policies;
      options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
      store_ = RocksDbJobStore::open(std::move(options)).value();
    }
    driver_ = std::make_unique<StoreDriver>(*store_);
    pass(0s);
    pass(limits::kClockTrust);
  }
  job::Retention::Bounds& bounds(JobState state) { return retention_.bounds.at(job::ended_index(state)); }

  void sweep() { driver_->run(job::Sweep{}).value(); }
  void pass(Duration time) {
    clock_.advance(time);
    sweep();
  }
  JobId completed(const std::string& owner = "ann", const std::string& output = "\"x\"") {
    const auto record = driver_->running(owner);
    driver_->append(record, 1, {chunk(output)}).value();
    driver_->finish(record).value();
    clock_.advance(1s);
    return record.id;
  }
  JobId failed(const std::string& owner = "ann") {
    const auto record = driver_->running(owner);
    driver_->finish(record, EventKind::failed, R"({"error":"x","code":"handler_failed"})").value();
    clock_.advance(1s);
    return record.id;
  }
  JobId cancelled(const std::string& owner = "ann") {
    const auto id = driver_->start(owner);
    driver_->run(job::Cancel{id, owner, ""}).value();
    clock_.advance(1s);
    return id;
  }
  bool exists(const JobId& id) { return store_->find(id).has_value(); }
  std::vector<bool> exist(const std::vector<JobId>& ids) {
    std::vector<bool> result;
    for (const auto& id : ids) result.push_back(exists(id));
    return result;
  }

  TemporaryDirectory directory_;
  test::ManualClock clock_;
  job::Retention retention_;
  std::unique_ptr<job::JobStore> store_;
  std::unique_ptr<StoreDriver> driver_;
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreRetention, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreRetention, an_ended_job_is_deleted_as_a_whole_when_it_is_old_enough) {
  bounds(JobState::completed).max_age = 2 * kDay;
  open();
  const auto id = completed();
  pass(2 * kDay - 1min);
  EXPECT_TRUE(exists(id));
  pass(1min);
  EXPECT_EQ(store_->find(id).error().code, Errc::not_found);
  EXPECT_EQ(store_->input(id).error().code, Errc::not_found);
  EXPECT_EQ(store_->read_job(id, 0, {}).error().code, Errc::not_found);
}

TEST_P(JobStoreRetention, each_state_has_an_age_of_its_own_and_zero_is_for_ever) {
  bounds(JobState::failed).max_age = 3 * kDay;
  bounds(JobState::cancelled).max_age = kDay;
  open();
  const std::vector jobs = {completed(), failed(), cancelled()};
  pass(kDay);
  EXPECT_THAT(exist(jobs), ElementsAre(true, true, false));
  pass(2 * kDay);
  EXPECT_THAT(exist(jobs), ElementsAre(true, false, false));
  pass(1000 * kDay);
  EXPECT_THAT(exist(jobs), ElementsAre(true, false, false));
}

TEST_P(JobStoreRetention, an_active_job_is_never_deleted_nor_a_failed_one_that_waits_to_run_again) {
  for (auto& bounds : retention_.bounds) bounds = {.max_age = 1h, .max_count = 1};
  retention_.max_bytes = 1;
  open();
  const auto waits = failed();
  driver_->run(job::Resume{waits, "ann"}).value();
  const auto queued = driver_->start("ann", "other");
  const auto running = driver_->running("ann", "third").id;
  pass(1000 * kDay);
  EXPECT_THAT(exist({waits, queued, running}), ElementsAre(true, true, true));
  driver_->run(job::Cancel{waits, "ann", ""}).value();
  pass(0s);
  EXPECT_FALSE(exists(waits)) << "a resume that was withdrawn leaves a job that ended long ago";
}

TEST_P(JobStoreRetention, a_job_that_ran_again_ends_again) {
  bounds(JobState::failed).max_age = 2 * kDay;
  open();
  const auto id = failed();
  pass(kDay);
  driver_->run(job::Resume{id, "ann"}).value();
  const auto claimed = driver_->claim();
  driver_->begin(*claimed).value();
  driver_->finish(claimed->record, EventKind::failed).value();
  pass(kDay);
  EXPECT_TRUE(exists(id));
  pass(kDay);
  EXPECT_FALSE(exists(id));
}

TEST_P(JobStoreRetention, of_too_many_jobs_of_a_user_in_one_state_the_oldest_go) {
  bounds(JobState::completed).max_count = 2;
  open();
  const std::vector ann = {completed(), completed(), completed(), completed()};
  const std::vector others = {completed("ben"), completed("ben"), failed(), cancelled(), failed()};
  pass(1h);
  EXPECT_THAT(exist(ann), ElementsAre(false, false, true, true));
  EXPECT_THAT(exist(others), ElementsAre(true, true, true, true, true));
}

TEST_P(JobStoreRetention, the_oldest_go_until_a_users_output_takes_no_more_than_it_may) {
  const std::string output(1000, '1');
  retention_.max_bytes = 2500;
  open();
  const std::vector jobs = {completed("ann", output), failed(), completed("ann", output),
                            completed("ann", output)};
  const auto small = completed("ben", output);
  pass(1h);
  EXPECT_THAT(exist(jobs), ElementsAre(false, true, true, true));
  EXPECT_TRUE(exists(small));
}

TEST_P(JobStoreRetention, no_bound_deletes_a_job_in_its_first_hour) {
  bounds(JobState::completed).max_count = 1;
  retention_.max_bytes = 1;
  open();
  const std::vector jobs = {completed(), completed()};
  pass(58min);
  EXPECT_THAT(exist(jobs), ElementsAre(true, true));
  pass(2min);
  EXPECT_THAT(exist(jobs), ElementsAre(false, false));
}

TEST_P(JobStoreRetention, a_clock_that_was_set_wrongly_deletes_nothing_before_it_went_steadily) {
  bounds(JobState::completed).max_age = kDay;
  open();
  const auto id = completed();
  clock_.step_wall(10'000 * kDay);
  pass(0s);
  EXPECT_TRUE(exists(id));
  pass(limits::kClockTrust - 1s);
  EXPECT_TRUE(exists(id));
  clock_.step_wall(-10'000 * kDay);
  pass(0s);
  pass(limits::kClockTrust);
  EXPECT_TRUE(exists(id));
  pass(kDay);
  EXPECT_FALSE(exists(id));
}

TEST_P(JobStoreRetention, one_sweep_deletes_so_many_and_the_next_goes_on) {
  bounds(JobState::cancelled).max_age = kDay;
  open();
  std::vector<JobId> jobs;
  for (std::size_t i = 0; i <= limits::kSweepDeletions; ++i) jobs.push_back(cancelled());
  const auto left = [&] { return std::ranges::count(exist(jobs), true); };
  pass(2 * kDay);
  EXPECT_EQ(left(), 1);
  sweep();
  EXPECT_EQ(left(), 0);
}

TEST_P(JobStoreRetention, the_owner_of_a_deleted_job_is_told_and_nobody_else) {
  open();
  const auto id = failed();
  driver_->run(job::Purge{id}).value();
  const auto resumed = driver_->run(job::Resume{id, "ann"});
  EXPECT_EQ(code_of(resumed), Errc::gone);
  EXPECT_THAT(resumed.error().message, HasSubstr(id.to_string()));
  EXPECT_THAT(resumed.error().message, HasSubstr("deleted on 2023-11-14"));
  EXPECT_EQ(code_of(driver_->run(job::Cancel{id, "ann", ""})), Errc::gone);
  EXPECT_EQ(code_of(driver_->run(job::Resume{id, "ben"})), Errc::not_found);
  EXPECT_EQ(code_of(driver_->run(job::Cancel{id, "ben", ""})), Errc::not_found);
  EXPECT_EQ(code_of(driver_->run(job::Renew{id, 1})), Errc::not_found);
  const auto tombstone = store_->tombstone(id);
  ASSERT_TRUE(tombstone);
  EXPECT_EQ(tombstone->owner, "ann");
  EXPECT_EQ(tombstone->state, JobState::failed);
  EXPECT_EQ(tombstone->deleted_at, clock_.wall_now());
}

TEST_P(JobStoreRetention, a_purge_deletes_an_ended_job_once_and_no_other) {
  open();
  const auto queued = driver_->start("ann", "other");
  EXPECT_EQ(code_of(driver_->run(job::Purge{queued})), Errc::invalid_state);
  EXPECT_EQ(code_of(driver_->run(job::Purge{new_id()})), Errc::not_found);
  const auto id = cancelled();
  const auto first = driver_->run(job::Purge{id});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->state, JobState::cancelled);
  EXPECT_FALSE(first->duplicate);
  EXPECT_TRUE(driver_->run(job::Purge{id})->duplicate);
  EXPECT_TRUE(exists(queued));
  EXPECT_EQ(store_->tombstone(queued).error().code, Errc::not_found);
  EXPECT_EQ(code_of(driver_->run(job::Start{id, "ann", "work", "{}", ""})), Errc::internal)
      << "an id is used once, also after a deletion";
}

TEST_P(JobStoreRetention, an_owners_stream_is_a_reset_below_what_was_deleted_and_whole_above_it) {
  open();
  const auto first = driver_->running("ann", "long");           // 1
  const auto deleted = driver_->running("ann", "short");        // 2
  driver_->append(first, 1, {chunk("1")}).value();              // 3
  driver_->append(deleted, 1, {chunk("2")}).value();            // 4
  driver_->finish(deleted).value();                             // 5
  driver_->append(first, 2, {chunk("3"), chunk("4")}).value();  // 6, 7
  ASSERT_EQ(store_->read_owner("ann", 0, {})->events.size(), 7U);
  driver_->run(job::Purge{deleted.id}).value();
  for (const std::uint64_t after : {0, 1, 2, 3, 4}) {
    EXPECT_EQ(store_->read_owner("ann", after, {}).error().code, Errc::reset) << after;
  }
  const auto page = store_->read_owner("ann", 5, {});
  ASSERT_TRUE(page);
  EXPECT_THAT(payloads(page->events), ElementsAre("3", "4"));
  EXPECT_EQ(page->through, 7U);
  EXPECT_THAT(store_->read_owner("ann", 7, {})->events, IsEmpty());
  EXPECT_EQ(store_->owner_head("ann"), 7U);
  driver_->append(first, 4, {chunk("5")}).value();
  EXPECT_EQ(store_->read_owner("ann", 7, {})->events.front()->position, 8U);
  EXPECT_EQ(driver_->log(first.id).size(), 5U) << "the logs of other jobs are untouched";
}

TEST_P(JobStoreRetention, an_idempotency_key_outlives_its_job_for_a_day_after_the_start) {
  open();
  const auto id = driver_->start("ann", "work", "[1]", "key");
  driver_->run(job::Cancel{id, "ann", ""}).value();
  driver_->run(job::Purge{id}).value();
  const auto start = [&](std::string type, std::string input) {
    return driver_->run(job::Start{new_id(), "ann", std::move(type), std::move(input), "key"});
  };
  pass(23h);
  const auto again = start("work", "[1]");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, id);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->state, JobState::cancelled);
  EXPECT_EQ(code_of(start("work", "[2]")), Errc::idempotency_conflict);
  EXPECT_EQ(code_of(start("else", "[1]")), Errc::idempotency_conflict);
  pass(1h);
  const auto anew = start("work", "[2]");
  ASSERT_TRUE(anew);
  EXPECT_NE(anew->id, id);
  EXPECT_EQ(start("work", "[2]")->id, anew->id);
  pass(limits::kTombstoneAge);
  EXPECT_EQ(start("work", "[2]")->id, anew->id) << "the key is the new job's when the old tombstone goes";
}

TEST_P(JobStoreRetention, a_key_goes_with_a_job_that_is_older_than_a_day) {
  bounds(JobState::cancelled).max_age = 2 * kDay;
  open();
  const auto id = driver_->start("ann", "work", "[1]", "key");
  driver_->run(job::Cancel{id, "ann", ""}).value();
  pass(2 * kDay);
  ASSERT_FALSE(exists(id));
  EXPECT_NE(driver_->start("ann", "work", "[2]", "key"), id);
}

TEST_P(JobStoreRetention, a_deletion_is_remembered_for_a_while) {
  retention_.tombstone_age = 3 * kDay;
  open();
  const auto id = cancelled();
  driver_->run(job::Purge{id}).value();
  pass(3 * kDay - 1s);
  EXPECT_EQ(code_of(driver_->run(job::Cancel{id, "ann", ""})), Errc::gone);
  pass(1s);
  EXPECT_EQ(code_of(driver_->run(job::Cancel{id, "ann", ""})), Errc::not_found);
  EXPECT_EQ(store_->tombstone(id).error().code, Errc::not_found);
}

TEST_P(JobStoreRetention, of_too_many_tombstones_the_oldest_go_but_none_in_its_first_day) {
  retention_.max_tombstones = 2;
  open();
  std::vector<JobId> jobs;
  for (int i = 0; i < 4; ++i) {
    jobs.push_back(cancelled());
    driver_->run(job::Purge{jobs.back()}).value();
    pass(1min);
  }
  const auto remembered = [&] {
    std::vector<bool> result;
    for (const auto& id : jobs) result.push_back(store_->tombstone(id).has_value());
    return result;
  };
  EXPECT_THAT(remembered(), ElementsAre(true, true, true, true));
  pass(kDay);
  EXPECT_THAT(remembered(), ElementsAre(false, false, true, true));
}

TEST_P(JobStoreRetention, what_a_user_has_is_counted_right_whatever_became_of_it) {
  bounds(JobState::failed).max_count = 2;
  open();
  const auto purged = failed();
  const auto resumed = failed();
  const std::vector jobs = {failed(), failed()};
  driver_->run(job::Purge{purged}).value();
  driver_->run(job::Resume{resumed, "ann"}).value();
  const auto claimed = driver_->claim();
  driver_->begin(*claimed).value();
  driver_->finish(claimed->record).value();
  pass(1h);
  EXPECT_TRUE(exists(resumed)) << "it completed";
  EXPECT_THAT(exist(jobs), ElementsAre(true, true)) << "no more than two have failed";
  failed();
  pass(1h);
  EXPECT_THAT(exist(jobs), ElementsAre(false, true));
}

}  // namespace
}  // namespace hawser::store
