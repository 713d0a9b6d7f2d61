#include "cli/job_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// What `hawser jobs` prints for people.
namespace hawser::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kJob =
    R"({"jobId":"job_01900000000070008000000000000000","userId":"ann","type":"llm","state":"failed","place":"none",)"
    R"("attempt":3,"lastError":{"error":"Busy.","code":"upstream_failed"},"createdAt":1700000000000})";

TEST(JobTable, a_row_tells_what_a_list_is_looked_through_for) {
  const auto jobs = "[" + std::string(kJob) + "]";
  const auto rows = job_rows(json::View(jobs), 1'700'000'180'000, true);
  EXPECT_THAT(rows, HasSubstr("JOB "));
  EXPECT_THAT(rows, HasSubstr("job_01900000000070008000000000000000  failed "));
  EXPECT_THAT(rows, HasSubstr("   3m        3  llm "));
  EXPECT_THAT(rows, HasSubstr("ann               Busy.\n"));
}

TEST(JobTable, a_place_is_named_where_it_says_more_than_the_state) {
  const auto row = [](const std::string& state, const std::string& place) {
    const auto jobs = R"([{"state":")" + state + R"(","place":")" + place + R"("}])";
    return job_rows(json::View(jobs), 0, false);
  };
  EXPECT_THAT(row("running", "held"), Not(HasSubstr("held")));
  EXPECT_THAT(row("checkpointed", "delayed"), HasSubstr("checkpointed/delayed"));
  EXPECT_THAT(row("failed", "queued"), HasSubstr("failed/queued"));
}

TEST(JobTable, what_users_and_workers_wrote_cannot_command_a_terminal) {
  const std::string evil = R"({"userId":"a\u001b[2Jb\u009bc","lastError":{"error":"x\ny\u007f"},"type":"t"})";
  const auto list = "[" + evil + "]";
  const auto shown = R"({"job":)" + evil + "}";
  const auto rows = job_rows(json::View(list), 0, false);
  const auto facts = job_facts(json::View(shown));
  for (const auto& text : {rows, facts}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\x7f")));
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
  }
  EXPECT_THAT(rows, HasSubstr("x y"));
}

TEST(JobTable, long_texts_are_cut_between_characters) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "ä";
  const auto jobs = R"([{"userId":")" + name + R"("}])";
  const auto rows = job_rows(json::View(jobs), 0, false);
  EXPECT_THAT(rows, HasSubstr("ä…"));
  EXPECT_THAT(rows, Not(HasSubstr("\xc3…")));
}

TEST(JobTable, facts_are_a_line_each_with_times_for_people) {
  const auto shown = R"({"job":)" + std::string(kJob) + R"(,"input":{"a":1}})";
  const auto facts = job_facts(json::View(shown));
  EXPECT_THAT(facts, HasSubstr("createdAt            2023-11-14 22:13:20 UTC\n"));
  EXPECT_THAT(facts, HasSubstr("attempt              3\n"));
  EXPECT_THAT(facts, HasSubstr("input                {\"a\":1}\n"));
}

TEST(JobTable, queues_say_when_not_all_was_counted) {
  const auto answer = [](const std::string& complete) {
    return R"({"types":[{"type":"llm","queued":4,"delayed":1,"held":2,"oldestQueuedMs":90000}],"complete":)" +
           complete + "}";
  };
  const auto some = answer("false");
  const auto all = answer("true");
  EXPECT_THAT(queue_rows(json::View(some)), HasSubstr("and more"));
  EXPECT_THAT(queue_rows(json::View(all)), Not(HasSubstr("and more")));
  EXPECT_THAT(queue_rows(json::View(all)), HasSubstr("90s"));
}

}  // namespace
}  // namespace hawser::cli
