#include <functional>
#include <map>

#include "test/store/contract_fixture.h"
#include "test/support/manual_clock.h"

// Order and time in the JobStore contract: queues, delays, leases, attempts, deadlines. The clock is the
// test's.
namespace hawser::store {
namespace {

using namespace std::chrono_literals;
using job::EventKind;
using job::JobState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobStoreSchedule : public ::testing::TestWithParam<Kind> {
 protected:
  JobStoreSchedule() { open(); }

  void open() {
    driver_.reset();
    store_.reset();
    const auto policies =
        std::make_shared<job::Policies>(policy_, std::map<std::string, job::Policy, std::less<>>{}, quota_);
    if (GetParam() == Kind::memory) {
      store_ =
          std::make_unique<MemoryJobStore>(MemoryOptions{clock_, runtime::system_random(), {}, policies});
    } else {
      RocksDbOptions options{.directory = directory_.path(), .clock = clock_};
      options.policies = policies;
      options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
      store_ = RocksDbJobStore::open(std::move(options)).value();
    }
    store_->set_listener(announced_.listener());
    driver_ = std::make_unique<StoreDriver>(*store_);
  }
  void with(const job::Policy& policy) {
    policy_ = policy;
    open();
  }

  JobId start(std::string owner, int priority = 0, Millis delay = 0ms) {
    clock_.advance(1ms);  // So that there is an oldest one.
    return driver_
        ->run(job::Start{.id = new_id(),
                         .owner = std::move(owner),
                         .type = "work",
                         .input = "{}",
                         .idempotency_key = {},
                         .priority = priority,
                         .delay = delay})
        ->id;
  }
  /// As a worker in another process.
  std::unique_ptr<job::ClaimedJob> claim(std::string holder = "far") {
    return driver_->run(job::Claim{.types = {"work"}, .holder = std::move(holder), .lease = 10s})
        .value()
        .claimed;
  }
  JobId claimed_id() { return claim()->record.id; }
  Status renew(const job::ClaimedJob& claimed) {
    const auto reply = driver_->run(job::Renew{claimed.record.id, claimed.record.epoch});
    if (!reply) return std::unexpected(reply.error());
    return {};
  }
  void pass(Millis time) {
    clock_.advance(time);
    driver_->run(job::Sweep{}).value();
  }
  /// In steps, as a server that sweeps all the time.
  void pass_steadily(Millis time) {
    for (; time > 1s; time -= 1s) pass(1s);
    pass(time);
  }
  Result<job::Reply> fail(const job::ClaimedJob& claimed) {
    return driver_->run(job::Finish{.id = claimed.record.id,
                                    .epoch = claimed.record.epoch,
                                    .outcome = EventKind::failed,
                                    .payload = R"({"error":"Busy.","code":"upstream_failed"})",
                                    .retryable = true});
  }
  std::string kinds(const JobId& id) {
    static const std::map<EventKind, char> letters = {
        {EventKind::started, 's'}, {EventKind::chunk, 'c'},  {EventKind::checkpoint, 'k'},
        {EventKind::resumed, 'r'}, {EventKind::failed, 'F'}, {EventKind::cancelled, 'X'}};
    std::string text;
    for (const auto& event : driver_->log(id)) text += letters.at(event->kind);
    return text;
  }

  TemporaryDirectory directory_;
  test::ManualClock clock_;
  job::Policy policy_;
  job::Quota quota_;
  Announcements announced_;
  std::unique_ptr<job::JobStore> store_;
  std::unique_ptr<StoreDriver> driver_;
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreSchedule, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreSchedule, owners_take_turns_however_much_one_of_them_has_queued) {
  const auto ann1 = start("ann");
  const auto ann2 = start("ann");
  const auto ann3 = start("ann");
  clock_.advance(1s);
  const auto bob1 = start("bob");
  const auto bob2 = start("bob");
  EXPECT_THAT((std::vector{claimed_id(), claimed_id(), claimed_id(), claimed_id(), claimed_id()}),
              ElementsAre(ann1, bob1, ann2, bob2, ann3));
  EXPECT_FALSE(claim());
}

TEST_P(JobStoreSchedule, whoever_has_the_fewest_running_jobs_is_next) {
  const auto first = start("ann");
  start("ann");
  claim();
  claim();
  const auto third = start("ann");
  const auto bob = start("bob");
  EXPECT_EQ(claimed_id(), bob);
  driver_->run(job::Cancel{first, "ann", {}}).value();
  EXPECT_EQ(claimed_id(), third);
}

TEST_P(JobStoreSchedule, of_an_owner_the_highest_priority_is_next_and_then_the_oldest) {
  const auto low = start("ann", -1);
  const auto usual = start("ann");
  clock_.advance(1s);
  const auto later = start("ann");
  const auto high = start("ann", 5);
  EXPECT_THAT((std::vector{claimed_id(), claimed_id(), claimed_id(), claimed_id()}),
              ElementsAre(high, usual, later, low));
}

TEST_P(JobStoreSchedule, a_delayed_job_waits_and_is_announced_when_its_time_has_come) {
  const auto id = start("ann", 0, 5s);
  EXPECT_FALSE(claim());
  const auto announced = announced_.work_queued();
  pass(4999ms);
  EXPECT_FALSE(claim());
  driver_->settle();
  EXPECT_EQ(announced_.work_queued(), announced);
  pass(1ms);
  driver_->settle();
  EXPECT_EQ(announced_.work_queued(), announced + 1);
  EXPECT_EQ(claimed_id(), id);
}

TEST_P(JobStoreSchedule, a_delayed_job_can_be_cancelled) {
  const auto id = start("ann", 0, 5s);
  driver_->run(job::Cancel{id, "ann", {}}).value();
  pass(10s);
  EXPECT_FALSE(claim());
  EXPECT_EQ(kinds(id), "X");
}

TEST_P(JobStoreSchedule, a_lease_that_is_not_renewed_is_taken_away_and_its_holder_fenced) {
  const auto id = start("ann");
  const auto lost = claim();
  driver_->begin(*lost).value();
  EXPECT_TRUE(driver_->append(lost->record, 1, {chunk("1")}));
  pass_steadily(9s);
  EXPECT_FALSE(claim());
  pass(1s);
  driver_->settle();
  EXPECT_THAT(announced_.revoked(), ElementsAre(id));
  EXPECT_EQ(code_of(driver_->append(lost->record, 2, {chunk("2")})), Errc::fenced);
  const auto next = claim("other");
  ASSERT_TRUE(next);
  EXPECT_GT(next->record.epoch, lost->record.epoch);
  EXPECT_EQ(code_of(driver_->append(lost->record, 2, {chunk("2")})), Errc::fenced);
  EXPECT_EQ(renew(*lost).error().code, Errc::fenced);
  driver_->begin(*next).value();
  EXPECT_EQ(kinds(id), "scr");
}

TEST_P(JobStoreSchedule, renewing_and_writing_keep_the_lease) {
  start("ann");
  const auto held = claim();
  pass_steadily(9s);
  EXPECT_TRUE(renew(*held));
  pass_steadily(9s);
  driver_->begin(*held).value();
  pass_steadily(9s);
  EXPECT_TRUE(driver_->append(held->record, 1, {chunk("1")}));
  pass_steadily(9s);
  EXPECT_TRUE(driver_->append(held->record, 2, {chunk("2")}));
  EXPECT_THAT(announced_.revoked(), IsEmpty());
}

TEST_P(JobStoreSchedule, a_lease_without_a_time_does_not_run_out) {
  driver_->running();
  pass_steadily(100s);
  EXPECT_THAT(announced_.revoked(), IsEmpty());
}

TEST_P(JobStoreSchedule, time_in_which_the_store_stood_still_does_not_count) {
  start("ann");
  const auto held = claim();
  pass(1s);
  pass(60s);  // One step: the process was stopped, and nobody could be heard of.
  EXPECT_TRUE(renew(*held));
  pass_steadily(9s);
  EXPECT_TRUE(renew(*held));
}

TEST_P(JobStoreSchedule, a_retryable_failure_runs_again_after_a_pause_and_writes_no_event) {
  with({.attempts = 3, .backoff = 1000ms, .max_backoff = 60s});
  const auto id = start("ann");
  const auto first = claim();
  driver_->begin(*first).value();
  driver_->append(first->record, 1, {chunk("1")}).value();
  const auto failed = fail(*first);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->state, JobState::running);
  EXPECT_EQ(kinds(id), "sc");
  EXPECT_EQ(store_->find(id)->last_error, R"({"error":"Busy.","code":"upstream_failed"})");
  pass(499ms);
  EXPECT_FALSE(claim());
  pass(501ms);
  const auto second = claim();
  ASSERT_TRUE(second);
  driver_->begin(*second).value();
  EXPECT_EQ(kinds(id), "scr");
}

TEST_P(JobStoreSchedule, the_last_attempt_fails_the_job_for_good_until_somebody_resumes_it) {
  with({.attempts = 3, .backoff = 1000ms, .max_backoff = 1500ms});
  const auto id = start("ann");
  for (int run = 1; run <= 3; ++run) {
    const auto claimed = claim();
    ASSERT_TRUE(claimed) << run;
    driver_->begin(*claimed).value();
    ASSERT_TRUE(fail(*claimed));
    pass(1500ms);
  }
  EXPECT_EQ(kinds(id), "srrF");
  EXPECT_EQ(*driver_->log(id).back()->payload, R"({"error":"Busy.","code":"upstream_failed"})");
  EXPECT_FALSE(claim());
  driver_->run(job::Resume{id, "ann"}).value();
  const auto claimed = claim();
  ASSERT_TRUE(claimed);
  driver_->begin(*claimed).value();
  ASSERT_TRUE(fail(*claimed));
  EXPECT_EQ(store_->find(id)->state, JobState::running);  // It may fail twice more.
}

TEST_P(JobStoreSchedule, interruptions_count_only_without_new_output) {
  with({.attempts = 2});
  const auto id = start("ann");
  const auto interrupted = [&](bool writes) {
    const auto claimed = claim();
    if (!claimed) return false;
    driver_->begin(*claimed).value();
    if (writes) driver_->append(claimed->record, 1, {chunk("1")}).value();
    pass_steadily(10s);
    return true;
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(interrupted(true));
  EXPECT_TRUE(interrupted(false));
  EXPECT_TRUE(interrupted(false));
  EXPECT_FALSE(interrupted(false));
  EXPECT_EQ(driver_->log(id).back()->kind, EventKind::failed);
  EXPECT_NE(driver_->log(id).back()->payload->find("interrupted"), std::string::npos);
  driver_->settle();
  EXPECT_EQ(announced_.events().back()->kind, EventKind::failed);
}

TEST_P(JobStoreSchedule, giving_a_job_back_does_not_count) {
  with({.attempts = 2});
  start("ann");
  for (int i = 0; i < 5; ++i) {
    const auto claimed = claim();
    ASSERT_TRUE(claimed);
    driver_->begin(*claimed).value();
    driver_->run(job::Release{claimed->record.id, claimed->record.epoch}).value();
  }
}

TEST_P(JobStoreSchedule, a_job_past_its_deadline_fails_whether_it_runs_or_waits) {
  with({.attempts = 9, .backoff = 60s, .max_backoff = 60s, .deadline = 20s});
  const auto running = start("ann");
  const auto held = claim();
  driver_->begin(*held).value();
  const auto waiting = start("bob");
  const auto failing = claim();
  driver_->begin(*failing).value();
  ASSERT_TRUE(fail(*failing));
  for (int i = 0; i < 19; ++i) {
    pass(1s);
    EXPECT_TRUE(renew(*held));
  }
  EXPECT_EQ(kinds(running) + kinds(waiting), "ss");
  pass(1s);
  EXPECT_EQ(kinds(running) + kinds(waiting), "sFsF");
  EXPECT_NE(driver_->log(running).back()->payload->find("within 20 s"), std::string::npos);
  driver_->settle();
  EXPECT_THAT(announced_.revoked(), ElementsAre(running));
  EXPECT_EQ(code_of(driver_->append(held->record, 1, {chunk("1")})), Errc::job_ended);
}

TEST_P(JobStoreSchedule, a_hung_run_is_taken_away_and_tried_again) {
  with({.attempts = 2, .backoff = 0ms, .idle_timeout = 5s});
  const auto id = start("ann");
  for (int run = 1; run <= 2; ++run) {
    const auto claimed = claim();
    ASSERT_TRUE(claimed) << run;
    driver_->begin(*claimed).value();
    for (int i = 0; i < 4; ++i) {
      pass(1s);
      EXPECT_TRUE(renew(*claimed));  // It lives, but does nothing.
    }
    pass(1s);
    EXPECT_FALSE(renew(*claimed));
  }
  EXPECT_EQ(kinds(id), "srF");
  EXPECT_NE(driver_->log(id).back()->payload->find("timeout"), std::string::npos);
}

TEST_P(JobStoreSchedule, a_user_may_start_so_many_jobs_a_minute_and_is_told_when_the_next) {
  quota_ = {.active_jobs = 100, .starts_per_minute = 3};
  open();
  const auto try_start = [&](std::string owner, std::string key = {}) {
    return driver_->run(job::Start{new_id(), std::move(owner), "work", "{}", std::move(key)});
  };
  ASSERT_TRUE(try_start("ann", "first"));
  ASSERT_TRUE(try_start("ann"));
  ASSERT_TRUE(try_start("ann"));
  const auto refused = try_start("ann");
  EXPECT_EQ(code_of(refused), Errc::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 20s);
  EXPECT_TRUE(try_start("bob"));
  EXPECT_TRUE(try_start("ann", "first"));  // A repetition starts nothing.
  pass(19s);
  EXPECT_EQ(code_of(try_start("ann")), Errc::rate_limited);
  pass(1s);
  EXPECT_TRUE(try_start("ann"));
  pass(10min);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(try_start("ann"));
  EXPECT_EQ(code_of(try_start("ann")), Errc::rate_limited);
}

TEST_P(JobStoreSchedule, a_user_may_have_so_many_unfinished_jobs) {
  quota_ = {.active_jobs = 2, .starts_per_minute = 0};
  open();
  const auto first = start("ann");
  start("ann");
  EXPECT_EQ(code_of(driver_->run(job::Start{new_id(), "ann", "work", "{}", {}})), Errc::too_many_jobs);
  driver_->run(job::Cancel{first, "ann", {}}).value();
  start("ann");
}

/// What a restart does to times; the memory store has none.
class RocksDbSchedule : public JobStoreSchedule {};
INSTANTIATE_TEST_SUITE_P(All, RocksDbSchedule, ::testing::Values(Kind::rocksdb), kind_name);

TEST_P(RocksDbSchedule, a_restart_keeps_the_leases_of_other_processes_for_one_full_term) {
  const auto id = start("ann");
  const auto held = claim();
  driver_->begin(*held).value();
  pass_steadily(9s);
  open();
  pass_steadily(9s);
  EXPECT_TRUE(driver_->append(held->record, 1, {chunk("1")}));
  open();
  pass_steadily(10s);
  EXPECT_EQ(claimed_id(), id);
}

TEST_P(RocksDbSchedule, a_restart_keeps_delays_and_priorities) {
  const auto later = start("ann", 0, 10s);
  const auto low = start("ann");
  const auto high = start("ann", 3);
  pass_steadily(6s);
  open();
  EXPECT_EQ(claimed_id(), high);
  EXPECT_EQ(claimed_id(), low);
  EXPECT_FALSE(claim());
  pass_steadily(4s);
  EXPECT_EQ(claimed_id(), later);
}

}  // namespace
}  // namespace hawser::store
