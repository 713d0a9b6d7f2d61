#include "cli/job_follower.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <sstream>

namespace hawser::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kId = "job_0123456789abcdef0123456789abcdef";

/// Plays the connection: remembers what was asked, and answers when the test says so.
class JobFollowerTest : public testing::Test {
 protected:
  struct Request {
    std::string text;
    JobFollower::Reply reply;
  };

  JobFollower::Link link() {
    return {.request =
                [this](std::string_view event, std::string_view argument, JobFollower::Reply reply) {
                  requests_.push_back({fmt::format("{} {}", event, argument), std::move(reply)});
                },
            .after = [this](Millis, Task task) { later_.push_back(std::move(task)); },
            .stop = [this] { stopped_ = true; }};
  }
  JobFollower runner() { return {link(), printer_, JobFollower::NewJob{"llm", R"({"prompt":"x"})", "key1"}}; }
  JobFollower watcher() { return {link(), printer_, kId}; }

  /// Answers the oldest request.
  void answer(Result<std::string> result) {
    ASSERT_FALSE(requests_.empty());
    auto request = std::move(requests_.front());
    requests_.pop_front();
    request.reply(std::move(result));
  }
  void answer_started() { answer(fmt::format(R"({{"jobId":"{}"}})", kId)); }
  void run_later() {
    for (auto& task : std::exchange(later_, {})) task();
  }
  std::string next_request() {
    if (requests_.empty()) return "none";
    return requests_.front().text;
  }

  static std::string body(int sequence, std::string_view payload) {
    return fmt::format(R"({{"jobId":"{}","payload":{},"sequence":{},"timestamp":1}})", kId, payload,
                       sequence);
  }
  static void chunk(JobFollower& follower, int sequence) {
    follower.on_event("job:chunk", body(sequence, fmt::format(R"({{"chunk":"{} "}})", sequence)));
  }
  static void synced(JobFollower& follower) {
    follower.on_event("sync:complete", fmt::format(R"({{"jobId":"{}","replayed":0}})", kId));
  }

  static constexpr const char* kStart =
      R"(start:job {"type":"llm","input":{"prompt":"x"},"idempotencyKey":"key1"})";
  static std::string sync_from(int last) {
    return fmt::format(R"(reconnect:sync {{"jobId":"{}","lastSequence":{}}})", kId, last);
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Printer printer_{out_, err_, {}};
  std::deque<Request> requests_;
  std::vector<Task> later_;
  bool stopped_ = false;
};

TEST_F(JobFollowerTest, starts_reads_from_the_beginning_and_ends_with_the_job) {
  auto follower = runner();
  follower.on_connected();
  EXPECT_EQ(next_request(), kStart);
  answer_started();
  EXPECT_EQ(next_request(), sync_from(0));
  follower.on_event("job:started", body(1, R"({"type":"llm","input":{}})"));
  chunk(follower, 2);
  chunk(follower, 3);
  EXPECT_FALSE(stopped_);
  follower.on_event("job:completed", body(4, R"({"result":{"n":2}})"));
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(follower.outcome(), ExitCode::completed);
  EXPECT_EQ(out_.str(), "2 3 ");
  EXPECT_THAT(err_.str(), HasSubstr("completed {\"n\":2}"));
}

TEST_F(JobFollowerTest, a_lost_start_answer_is_asked_again_with_the_same_key) {
  auto follower = runner();
  follower.on_connected();
  follower.on_interrupted({Errc::unavailable, "gone."}, Millis(300));
  answer(fail(Errc::unavailable, "lost"));
  EXPECT_FALSE(stopped_);
  follower.on_connected();
  EXPECT_EQ(next_request(), kStart);
  EXPECT_THAT(err_.str(), HasSubstr("gone. Trying again in 0.3 s."));
}

TEST_F(JobFollowerTest, a_start_that_times_out_or_meets_an_overload_is_tried_again) {
  auto follower = runner();
  follower.on_connected();
  for (const auto code : {Errc::timeout, Errc::overloaded, Errc::storage_full}) {
    answer(fail(code, "no"));
    EXPECT_EQ(next_request(), "none");
    run_later();
    EXPECT_EQ(next_request(), kStart);
  }
}

TEST_F(JobFollowerTest, a_refused_start_ends_with_its_exit_code) {
  const std::pair<Errc, ExitCode> cases[] = {{Errc::unknown_type, ExitCode::failed},
                                             {Errc::bad_request, ExitCode::usage},
                                             {Errc::idempotency_conflict, ExitCode::failed},
                                             {Errc::unauthorized, ExitCode::no_access}};
  for (const auto& [code, exit_code] : cases) {
    auto follower = runner();
    follower.on_connected();
    answer(fail(code, "because"));
    EXPECT_EQ(follower.outcome(), exit_code);
    EXPECT_THAT(err_.str(), HasSubstr("because"));
  }
}

TEST_F(JobFollowerTest, after_a_reconnect_it_asks_for_what_it_missed_and_shows_each_event_once) {
  auto follower = watcher();
  follower.on_connected();
  EXPECT_EQ(next_request(), sync_from(0));
  answer("{}");
  for (const int sequence : {1, 2, 3}) chunk(follower, sequence);
  synced(follower);
  follower.on_interrupted({Errc::unavailable, "gone."}, Millis(250));
  follower.on_connected();
  EXPECT_EQ(next_request(), sync_from(3));
  // Live events of the new connection before the replay, then the replay with repeats.
  for (const int sequence : {6, 7, 2, 3, 4, 5, 6, 6, 7}) chunk(follower, sequence);
  EXPECT_EQ(requests_.size(), 1U) << "one sync is enough while it runs";
  EXPECT_EQ(out_.str(), "1 2 3 4 5 6 7 ");
}

TEST_F(JobFollowerTest, a_hole_in_the_live_stream_is_asked_for_once) {
  auto follower = watcher();
  follower.on_connected();
  answer("{}");
  synced(follower);
  chunk(follower, 1);
  chunk(follower, 3);
  chunk(follower, 4);
  ASSERT_EQ(requests_.size(), 1U);
  EXPECT_EQ(next_request(), sync_from(1));
  EXPECT_EQ(out_.str(), "1 ");
}

TEST_F(JobFollowerTest, events_of_other_jobs_and_of_no_job_are_ignored) {
  auto follower = watcher();
  follower.on_connected();
  follower.on_event("job:chunk", R"({"jobId":"job_other","payload":{"chunk":"x"},"sequence":1})");
  follower.on_event("job:chunk", R"("text")");
  follower.on_event("job:chunk", body(-1, R"({"chunk":"x"})"));
  follower.on_event("whatever", "null");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(JobFollowerTest, the_first_ctrl_c_cancels_and_the_second_leaves) {
  auto follower = runner();
  follower.on_connected();
  answer_started();
  answer("{}");
  follower.on_signal();
  EXPECT_EQ(next_request(), fmt::format("cancel:job \"{}\"", kId));
  EXPECT_FALSE(stopped_);
  follower.on_signal();
  EXPECT_TRUE(stopped_);
  EXPECT_EQ(follower.outcome(), ExitCode::left);
  EXPECT_THAT(err_.str(), HasSubstr(fmt::format("hawser watch {}", kId)));
}

TEST_F(JobFollowerTest, a_cancel_waits_for_the_job_to_say_so) {
  auto follower = runner();
  follower.on_connected();
  answer_started();
  answer("{}");
  follower.on_signal();
  answer(R"({"ok":true})");
  EXPECT_FALSE(stopped_);
  follower.on_event("job:cancelled", body(1, "{}"));
  EXPECT_EQ(follower.outcome(), ExitCode::cancelled);
}

TEST_F(JobFollowerTest, a_cancel_before_the_start_was_answered_or_over_a_lost_line_is_not_lost) {
  auto follower = runner();
  follower.on_connected();
  follower.on_signal();
  follower.on_interrupted({Errc::unavailable, "gone."}, Millis(250));
  answer(fail(Errc::unavailable, "lost"));
  follower.on_connected();
  answer_started();
  EXPECT_EQ(next_request(), sync_from(0));
  answer("{}");
  EXPECT_THAT(next_request(), HasSubstr("cancel:job"));
  follower.on_interrupted({Errc::unavailable, "gone."}, Millis(250));
  answer(fail(Errc::unavailable, "lost"));
  follower.on_connected();
  answer("{}");
  EXPECT_THAT(next_request(), HasSubstr("cancel:job"));
}

TEST_F(JobFollowerTest, ctrl_c_leaves_a_watched_job_alone) {
  auto follower = watcher();
  follower.on_connected();
  follower.on_signal();
  EXPECT_EQ(follower.outcome(), ExitCode::left);
  EXPECT_EQ(requests_.size(), 1U) << "the sync only";
}

TEST_F(JobFollowerTest, a_withdrawal_is_shown_openly_and_only_when_something_is_withdrawn) {
  auto follower = watcher();
  follower.on_connected();
  chunk(follower, 1);
  follower.on_event("job:checkpoint", body(2, "{}"));
  follower.on_event("job:resumed", body(3, R"({"attempt":2,"keepThrough":2})"));
  EXPECT_THAT(err_.str(), HasSubstr("attempt 2: goes on"));
  chunk(follower, 4);
  follower.on_event("job:resumed", body(5, R"({"attempt":3,"keepThrough":2})"));
  EXPECT_THAT(err_.str(), HasSubstr("attempt 3: the output after event 2 is withdrawn"));
  follower.on_event("job:resumed", body(6, R"({"attempt":4,"keepThrough":2})"));
  EXPECT_THAT(err_.str(), HasSubstr("attempt 4: goes on"));
}

TEST_F(JobFollowerTest, a_failure_in_a_replay_may_have_been_resumed_since) {
  auto follower = watcher();
  follower.on_connected();
  follower.on_event("job:failed", body(1, R"({"error":"boom","code":"handler_failed","partialOutput":[]})"));
  EXPECT_FALSE(stopped_);
  follower.on_event("job:resumed", body(2, R"({"attempt":2,"keepThrough":0})"));
  synced(follower);
  EXPECT_FALSE(stopped_);
  follower.on_event("job:failed", body(3, R"({"error":"boom","code":"handler_failed","partialOutput":[]})"));
  EXPECT_EQ(follower.outcome(), ExitCode::failed);
  EXPECT_THAT(err_.str(), HasSubstr("failed: boom (handler_failed)"));
}

TEST_F(JobFollowerTest, a_failure_at_the_end_of_a_replay_is_the_end) {
  auto follower = watcher();
  follower.on_connected();
  follower.on_event("job:failed", body(1, R"({"error":"boom","code":"interrupted"})"));
  synced(follower);
  EXPECT_EQ(follower.outcome(), ExitCode::failed);
}

TEST_F(JobFollowerTest, an_unknown_job_ends_the_watch) {
  auto follower = watcher();
  follower.on_connected();
  answer(fail(Errc::not_found, "Job not found: job_x"));
  EXPECT_EQ(follower.outcome(), ExitCode::failed);
  EXPECT_THAT(err_.str(), HasSubstr("Job not found"));
}

TEST(ExitCodes, are_those_of_the_interface) {
  EXPECT_EQ(to_int(ExitCode::completed), 0);
  EXPECT_EQ(to_int(ExitCode::failed), 1);
  EXPECT_EQ(to_int(ExitCode::usage), 2);
  EXPECT_EQ(to_int(ExitCode::cancelled), 3);
  EXPECT_EQ(to_int(ExitCode::no_access), 4);
  EXPECT_EQ(to_int(ExitCode::left), 130);
  EXPECT_EQ(exit_code_for(Errc::config), ExitCode::usage);
  EXPECT_EQ(exit_code_for(Errc::unauthorized), ExitCode::no_access);
  EXPECT_EQ(exit_code_for(Errc::unavailable), ExitCode::no_access);
  EXPECT_EQ(exit_code_for(Errc::not_found), ExitCode::failed);
}

}  // namespace
}  // namespace hawser::cli
