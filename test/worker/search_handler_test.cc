#include "worker/search_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "test/worker/search_fixture.h"

namespace hawser::worker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kRope = R"({"query":"rope","limit":1000})";

class SearchHandlerTest : public testing::Test {
 protected:
  SearchHandlerTest() { restart(); }

  /// A new index over what is on disk, as after a restart of the server; not refreshed.
  void restart() {
    index = std::make_shared<SearchIndex>(folder.text(), folder.data());
    handler = make_search_handler(index, clock);
  }

  void refresh() { ASSERT_TRUE(index->refresh({})); }

  /// Chunks of an undisturbed run.
  std::vector<std::string> all_chunks(const std::string& input) {
    FakeContext context(input);
    EXPECT_EQ(handler->run(context).kind, Outcome::Kind::completed);
    return context.chunks;
  }

  SearchFolder folder;
  FakeClock clock;
  std::shared_ptr<SearchIndex> index;
  std::shared_ptr<Handler> handler;
};

TEST_F(SearchHandlerTest, refuses_bad_input_with_a_sentence_that_names_the_field) {
  const std::pair<std::string, std::string> table[] = {
      {R"([])", "object"},
      {R"({})", "query"},
      {R"({"query":7})", "query"},
      {R"({"query":" "})", "query"},
      {R"({"query":"* -"})", "query"},
      {R"({"query":")" + std::string(1'001, 'x') + R"("})", "query"},
      {R"({"query":"a","limit":0})", "limit"},
      {R"({"query":"a","limit":100001})", "limit"},
      {R"({"query":"a","limit":1.5})", "limit"},
      {R"({"query":"a","limit":"9"})", "limit"},
      {R"({"query":"a","ratePerSecond":0})", "ratePerSecond"},
      {R"({"query":"a","ratePerSecond":-1})", "ratePerSecond"},
      {R"({"query":"a","ratePerSecond":1e400})", "ratePerSecond"},
      {R"({"query":"a","ratePerSecond":null})", "ratePerSecond"},
  };
  for (const auto& [input, field] : table) {
    const auto status = handler->validate(input);
    ASSERT_FALSE(status) << input;
    EXPECT_EQ(status.error().code, Errc::bad_request) << input;
    EXPECT_THAT(status.error().message, HasSubstr(field)) << input;
  }
  EXPECT_TRUE(handler->validate(R"({"query":"a b","limit":100000,"ratePerSecond":0.5,"other":1})"));
}

TEST_F(SearchHandlerTest, sends_ranked_hits_behind_a_checkpoint_of_the_generation) {
  folder.write("a.txt", "start\n\nThe rope holds.\n");
  folder.write("b.txt", "rope\n");
  refresh();
  FakeContext context(R"({"query":"rope"})");
  const auto outcome = handler->run(context);
  EXPECT_EQ(outcome.kind, Outcome::Kind::completed);
  EXPECT_EQ(outcome.result, R"({"hits":2,"generation":1})");
  EXPECT_EQ(context.order, "Ccc");
  EXPECT_THAT(context.checkpoints[0], HasSubstr(R"({"generation":1,"rank":0,)"));
  EXPECT_THAT(context.chunks,
              ElementsAre(R"({"rank":1,"file":"b.txt","line":1,"snippet":["","rope",""]})",
                          R"({"rank":2,"file":"a.txt","line":3,"snippet":["The ","rope"," holds."]})"));
  ASSERT_EQ(context.reports.size(), 2U);
  EXPECT_EQ(context.reports[1].current, 2U);
  EXPECT_EQ(context.reports[1].total, 2U);
  EXPECT_EQ(context.reports[1].message, "2 hits");
}

TEST_F(SearchHandlerTest, no_hits_is_a_result) {
  folder.write("a.txt", "ship\n");
  refresh();
  FakeContext context(kRope);
  EXPECT_EQ(handler->run(context).result, R"({"hits":0,"generation":1})");
  EXPECT_TRUE(context.chunks.empty());
}

TEST_F(SearchHandlerTest, a_limit_cuts_and_says_so) {
  folder.write_many("rope", 40);
  refresh();
  FakeContext context(R"({"query":"rope","limit":3})");
  EXPECT_EQ(handler->run(context).result, R"({"hits":3,"generation":1})");
  EXPECT_EQ(context.chunks.size(), 3U);
  EXPECT_EQ(context.reports.back().message, "3 of 100 hits");
}

TEST_F(SearchHandlerTest, a_checkpoint_follows_every_fifty_chunks) {
  folder.write_many("rope", 48);
  refresh();
  FakeContext context(kRope);
  (void)handler->run(context);
  const std::string fifty(50, 'c');
  EXPECT_EQ(context.order, "C" + fifty + "C" + fifty + "C" + std::string(20, 'c'));
  EXPECT_THAT(context.checkpoints[2], HasSubstr(R"({"generation":1,"rank":100,)"));
}

TEST_F(SearchHandlerTest, goes_on_exactly_behind_any_chunk) {
  folder.write_many("rope", 48);
  refresh();
  const auto expected = all_chunks(kRope);
  ASSERT_EQ(expected.size(), 120U);
  for (std::size_t k = 0; k <= expected.size(); ++k) {
    FakeContext first(kRope);
    first.stop_after = k;
    if (k == 0) first.stop(StopReason::draining);
    const auto kind = handler->run(first).kind;
    EXPECT_EQ(kind, k < expected.size() ? Outcome::Kind::stopped : Outcome::Kind::completed);
    restart();
    EXPECT_EQ(handler->plan(kRope, first.next_point()).from, job::ContinueFrom::last_event);
    FakeContext second(kRope, first.next_point());
    EXPECT_EQ(handler->run(second).kind, Outcome::Kind::completed);
    auto got = first.chunks;
    got.insert(got.end(), second.chunks.begin(), second.chunks.end());
    ASSERT_EQ(got, expected) << k;
  }
}

TEST_F(SearchHandlerTest, a_changed_folder_does_not_change_a_running_job) {
  folder.write_many("rope", 20);
  refresh();
  const auto expected = all_chunks(kRope);
  FakeContext context(kRope);
  context.on_emit = [&](FakeContext& running) {
    if (running.chunks.size() % 10 != 0) return;
    folder.write("new.txt", "rope rope rope " + std::to_string(running.chunks.size()));
    refresh();
  };
  const auto outcome = handler->run(context);
  EXPECT_EQ(context.chunks, expected);
  EXPECT_EQ(outcome.result, R"({"hits":50,"generation":1})");
  EXPECT_EQ(index->current()->number, 6U);
  EXPECT_EQ(all_chunks(kRope).size(), 51U);
}

TEST_F(SearchHandlerTest, an_interrupted_job_keeps_its_generation_when_the_folder_changed_meanwhile) {
  folder.write_many("rope", 20);
  refresh();
  const auto expected = all_chunks(kRope);
  FakeContext first(kRope);
  first.stop_after = 7;
  (void)handler->run(first);
  folder.write("new.txt", "rope rope rope\n");
  restart();
  refresh();
  FakeContext second(kRope, first.next_point());
  EXPECT_EQ(handler->run(second).result, R"({"hits":50,"generation":1})");
  EXPECT_THAT(second.chunks, testing::ElementsAreArray(expected.begin() + 7, expected.end()));
}

TEST_F(SearchHandlerTest, a_job_whose_generation_is_gone_fails_as_interrupted) {
  folder.write_many("rope", 20);
  refresh();
  FakeContext first(kRope);
  first.stop_after = 7;
  (void)handler->run(first);
  for (int round = 0; round < 3; ++round) {
    folder.write("new.txt", std::to_string(round));
    refresh();
  }
  FakeContext second(kRope, first.next_point());
  const auto outcome = handler->run(second);
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::interrupted);
  EXPECT_TRUE(second.chunks.empty());
}

TEST_F(SearchHandlerTest, a_job_without_output_takes_the_newest_generation_when_its_own_is_gone) {
  folder.write_many("rope", 20);
  refresh();
  FakeContext context(kRope, {2, 0, R"({"generation":9,"rank":0,"order":"00"})"});
  EXPECT_EQ(handler->run(context).result, R"({"hits":50,"generation":1})");
  EXPECT_TRUE(context.order.starts_with("Cc"));
}

TEST_F(SearchHandlerTest, never_goes_on_in_another_order) {
  folder.write_many("rope", 20);
  refresh();
  for (const auto* state : {R"({"generation":1,"rank":0,"order":"0123456789abcdef"})", "{}", "7",
                            R"({"generation":"1","order":"00"})", R"({"generation":1,"order":"xyz"})"}) {
    FakeContext context(kRope, {2, 7, state});
    const auto outcome = handler->run(context);
    EXPECT_EQ(outcome.kind, Outcome::Kind::failed) << state;
    EXPECT_EQ(outcome.error.code, Errc::interrupted) << state;
    EXPECT_TRUE(context.chunks.empty()) << state;
  }
}

TEST_F(SearchHandlerTest, paces_without_drift) {
  folder.write_many("rope", 20);
  refresh();
  FakeContext context(R"({"query":"rope","limit":50,"ratePerSecond":100})");
  context.clock = &clock;
  // Each chunk costs 3 ms of its 10, one of them 35: the rate is kept all the same.
  context.on_emit = [&](FakeContext& running) { clock.advance(running.chunks.size() == 20 ? 35ms : 3ms); };
  const auto start = clock.now();
  (void)handler->run(context);
  ASSERT_EQ(context.emitted_at.size(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    if (i >= 20 && i <= 25) continue;  // late by the slow one
    EXPECT_EQ(context.emitted_at[i] - start, 10ms * i + 3ms) << i;
  }
}

TEST_F(SearchHandlerTest, a_continued_job_is_paced_from_its_own_start) {
  folder.write_many("rope", 20);
  refresh();
  const std::string input = R"({"query":"rope","limit":50,"ratePerSecond":2})";
  FakeContext first(input);
  first.clock = &clock;
  first.stop_after = 30;
  (void)handler->run(first);
  FakeContext second(input, first.next_point());
  second.clock = &clock;
  const auto start = clock.now();
  (void)handler->run(second);
  ASSERT_EQ(second.emitted_at.size(), 20U);
  EXPECT_EQ(second.emitted_at.front() - start, 0ms);
  EXPECT_EQ(second.emitted_at.back() - start, 9'500ms);
}

TEST_F(SearchHandlerTest, a_cancelled_job_stops_while_it_waits_for_its_pace) {
  folder.write_many("rope", 20);
  refresh();
  FakeContext context(R"({"query":"rope","ratePerSecond":1})");
  context.clock = &clock;
  context.stop_after = 3;
  EXPECT_EQ(handler->run(context).kind, Outcome::Kind::stopped);
  EXPECT_EQ(context.chunks.size(), 3U);
}

TEST_F(SearchHandlerTest, jobs_wait_for_the_first_index_and_say_so) {
  folder.write_many("rope", 20);
  FakeContext context(kRope);
  context.on_progress = [&](FakeContext&) {
    if (!index->current()) refresh();
  };
  EXPECT_EQ(handler->run(context).result, R"({"hits":50,"generation":1})");
  EXPECT_THAT(context.reports.front().message, HasSubstr("Indexing"));
  EXPECT_EQ(context.reports.back().message, "50 hits");
}

TEST_F(SearchHandlerTest, a_job_that_waits_for_the_first_index_can_be_cancelled) {
  FakeContext context(kRope);
  std::jthread canceller([&] { context.stop(StopReason::cancelled); });
  EXPECT_EQ(handler->run(context).kind, Outcome::Kind::stopped);
}

TEST_F(SearchHandlerTest, a_missing_folder_fails_jobs_with_a_sentence) {
  std::filesystem::remove_all(folder.text());
  EXPECT_FALSE(index->refresh({}));
  EXPECT_THAT(handler->validate(kRope).error().message, HasSubstr("search.folder"));
  FakeContext context(kRope);
  const auto outcome = handler->run(context);
  EXPECT_EQ(outcome.kind, Outcome::Kind::failed);
  EXPECT_EQ(outcome.error.code, Errc::config);
}

TEST_F(SearchHandlerTest, indexes_in_the_background_and_stops_promptly) {
  folder.write_many("rope", 20);
  {
    const auto own = make_search_handler(SearchOptions{.folder = folder.text(), .data_dir = folder.data()});
    EXPECT_EQ(own->type(), "search");
    FakeContext context(kRope);
    EXPECT_EQ(own->run(context).result, R"({"hits":50,"generation":1})");
  }
  // Destroyed at once, in whatever state its thread is.
  for (int round = 0; round < 20; ++round) {
    folder.write("new.txt", std::to_string(round));
    (void)make_search_handler(SearchOptions{.folder = folder.text(), .data_dir = folder.data()});
  }
}

}  // namespace
}  // namespace hawser::worker
