#include <functional>
#include <thread>

#include "test/store/contract_fixture.h"

// What administrators see of a store: lists of jobs and what waits in the queues.
namespace hawser::store {
namespace {

using namespace std::chrono_literals;
using job::EventKind;
using job::JobFilter;
using job::JobState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JobStoreListing : public JobStoreContract {
 protected:
  static JobFilter filter(std::optional<JobState> state, std::string type = "", std::string owner = "") {
    return {.state = state, .dead = false, .type = std::move(type), .owner = std::move(owner)};
  }
  std::vector<JobId> list(const JobFilter& filter) {
    std::vector<JobId> ids;
    const auto page = store_->list(filter, std::nullopt, 1000).value();
    for (const auto& record : page.jobs) ids.push_back(record.id);
    return ids;
  }
  JobId ended(EventKind outcome, const std::string& owner = "ann", const std::string& type = "work") {
    const auto record = driver_.running(owner, type);
    driver_.finish(record, outcome, R"({"error":"broken","code":"handler_failed"})").value();
    return record.id;
  }
  /// Ids of one millisecond are in no order.
  JobId in_order(const std::function<JobId()>& make) {
    std::this_thread::sleep_for(2ms);
    return make();
  }
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreListing, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreListing, the_newest_job_comes_first_and_a_page_tells_where_to_go_on) {
  std::vector<JobId> jobs;
  for (int i = 0; i < 5; ++i) {
    jobs.push_back(in_order([&] { return driver_.start(i % 2 == 0 ? "ann" : "ben"); }));
  }
  const auto first = store_->list({}, std::nullopt, 2).value();
  ASSERT_THAT(first.jobs, SizeIs(2));
  EXPECT_EQ(first.jobs[0].id, jobs[4]);
  EXPECT_EQ(first.jobs[1].id, jobs[3]);
  ASSERT_EQ(first.next, jobs[3]);
  const auto second = store_->list({}, first.next, 3).value();
  ASSERT_THAT(second.jobs, SizeIs(3));
  EXPECT_EQ(second.jobs[2].id, jobs[0]);
  EXPECT_EQ(second.next, std::nullopt) << "nothing is behind it";
  EXPECT_THAT(store_->list({}, jobs[0], 3)->jobs, IsEmpty());
}

TEST_P(JobStoreListing, a_filter_leaves_out_what_does_not_fit) {
  const auto completed = ended(EventKind::completed);
  const auto failed = in_order([&] { return ended(EventKind::failed, "ben", "other"); });
  const auto queued = in_order([&] { return driver_.start("ann", "third"); });
  EXPECT_THAT(list({}), ElementsAre(queued, failed, completed));
  EXPECT_THAT(list(filter(JobState::completed)), ElementsAre(completed));
  EXPECT_THAT(list(filter({}, "other")), ElementsAre(failed));
  EXPECT_THAT(list(filter({}, "", "ann")), ElementsAre(queued, completed));
  EXPECT_THAT(list(filter({}, "other", "ann")), IsEmpty());
}

TEST_P(JobStoreListing, a_failed_job_is_dead_with_its_error_until_somebody_lets_it_run_again) {
  const JobFilter dead{.state = {}, .dead = true, .type = {}, .owner = {}};
  ended(EventKind::completed);
  const auto id = ended(EventKind::failed);
  ASSERT_THAT(list(dead), ElementsAre(id));
  EXPECT_EQ(store_->list(dead, std::nullopt, 1)->jobs[0].last_error,
            R"({"error":"broken","code":"handler_failed"})");
  driver_.run(job::Resume{id, "ann"}).value();
  EXPECT_THAT(list(dead), IsEmpty());
}

TEST_P(JobStoreListing, a_page_looks_at_a_bounded_number_of_jobs_and_says_where_it_stopped) {
  const auto wanted = driver_.start("ann", "rare");
  std::this_thread::sleep_for(2ms);
  for (std::size_t i = 0; i < limits::kListScan; i += limits::kMaxActiveJobsPerOwner) {
    for (std::size_t j = 0; j < limits::kMaxActiveJobsPerOwner; ++j) {
      store_->submit(job::Start{new_id(), "owner" + std::to_string(i), "work", "{}", ""},
                     [](const Result<job::Reply>& reply) { EXPECT_TRUE(reply); });
    }
  }
  driver_.settle();
  const auto rare = filter({}, "rare");
  const auto first = store_->list(rare, std::nullopt, 10).value();
  EXPECT_THAT(first.jobs, IsEmpty());
  ASSERT_TRUE(first.next);
  const auto second = store_->list(rare, first.next, 10).value();
  ASSERT_THAT(second.jobs, SizeIs(1));
  EXPECT_EQ(second.jobs[0].id, wanted);
}

TEST_P(JobStoreListing, deleted_jobs_are_in_no_list) {
  const auto id = ended(EventKind::completed);
  const auto kept = in_order([&] { return ended(EventKind::completed); });
  driver_.run(job::Purge{id}).value();
  EXPECT_THAT(list({}), ElementsAre(kept));
}

TEST_P(JobStoreListing, the_queues_tell_what_waits_and_what_runs) {
  const auto now = runtime::system_clock().wall_now();
  ended(EventKind::completed);
  driver_.running("ann", "work");
  driver_.start("ann", "work");
  driver_.start("ben", "work");
  driver_
      .run(job::Start{.id = new_id(),
                      .owner = "ben",
                      .type = "later",
                      .input = "{}",
                      .idempotency_key = {},
                      .priority = 0,
                      .delay = 1h})
      .value();
  const auto queues = store_->queues(runtime::system_clock().wall_now()).value();
  EXPECT_TRUE(queues.complete);
  ASSERT_THAT(queues.types, SizeIs(2));
  const auto& work = queues.types.at("work");
  EXPECT_EQ(work.queued, 2U);
  EXPECT_EQ(work.held, 1U);
  EXPECT_EQ(work.delayed, 0U);
  EXPECT_GE(work.oldest, now);
  EXPECT_EQ(queues.types.at("later").delayed, 1U);
  EXPECT_EQ(queues.types.at("later").oldest, 0);
}

}  // namespace
}  // namespace hawser::store
