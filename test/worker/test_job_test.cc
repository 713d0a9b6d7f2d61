#include "worker/test_job.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "test/worker/recording_context.h"

namespace hawser::worker {
namespace {

TEST(TestJob, runs_with_the_defaults_of_the_original) {
  const auto input = TestJobInput::parse("{}");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->chunks, 50);
  EXPECT_EQ(input->interval, std::chrono::milliseconds(200));
  const auto falsy = TestJobInput::parse(R"({"duration":0,"chunks":0})");
  ASSERT_TRUE(falsy);
  EXPECT_EQ(falsy->chunks, 50);
  EXPECT_EQ(falsy->interval, std::chrono::milliseconds(200));
}

TEST(TestJob, the_interval_wins_over_the_duration) {
  const auto input = TestJobInput::parse(R"({"duration":5,"chunks":2,"intervalMs":0})");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->interval.count(), 0);
}

TEST(TestJob, refuses_bad_values_by_the_name_of_the_field) {
  struct Row {
    const char *input, *field;
  };
  const Row rows[] = {
      {R"("text")", "object"},
      {R"({"chunks":-1})", "`chunks`"},
      {R"({"chunks":1.5})", "`chunks`"},
      {R"({"chunks":1000001})", "`chunks`"},
      {R"({"duration":"1"})", "`duration`"},
      {R"({"duration":-1})", "`duration`"},
      {R"({"duration":1e400})", "`duration`"},
      {R"({"intervalMs":[]})", "`intervalMs`"},
      {R"({"chunkBytes":99999999})", "`chunkBytes`"},
  };
  for (const auto& row : rows) {
    const auto status = TestJob().validate(row.input);
    ASSERT_FALSE(status) << row.input;
    EXPECT_EQ(status.error().code, Errc::bad_request);
    EXPECT_NE(status.error().message.find(row.field), std::string::npos) << status.error().message;
  }
}

TEST(TestJob, writes_chunks_progress_and_checkpoints) {
  RecordingContext context(R"({"chunks":25,"duration":5})");
  const auto outcome = TestJob().run(context);
  ASSERT_EQ(outcome.kind, Outcome::Kind::completed);
  EXPECT_EQ(context.chunks().size(), 25);
  EXPECT_EQ(context.chunks()[6], R"("Chunk 7 of 25 ")");
  EXPECT_EQ(context.progress_seen().back(), 25);
  EXPECT_EQ(context.checkpoints(), (std::vector<std::string>{R"({"chunks":10})", R"({"chunks":20})"}));
  EXPECT_EQ(context.slept(), std::chrono::seconds(5));
}

TEST(TestJob, a_resumed_run_goes_on_exactly_and_has_the_same_result) {
  const std::string input = R"({"chunks":12,"intervalMs":0,"chunkBytes":40})";
  RecordingContext whole(input);
  const auto expected = TestJob().run(whole);
  for (std::size_t cut = 0; cut <= 12; ++cut) {
    RecordingContext rest(input, {2, cut, {}});
    const auto outcome = TestJob().run(rest);
    EXPECT_EQ(outcome.result, expected.result);
    const auto all = whole.chunks();
    EXPECT_EQ(rest.chunks(),
              std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(cut), all.end()));
  }
}

TEST(TestJob, a_large_output_is_left_out_of_the_result) {
  RecordingContext context(R"({"chunks":300,"intervalMs":0,"chunkBytes":1000})");
  EXPECT_EQ(TestJob().run(context).result, R"({"outputTruncated":true,"chunks":300})");
}

TEST(TestJob, leaves_when_it_is_asked_to_stop) {
  RecordingContext context(R"({"chunks":12,"intervalMs":0})");
  context.stop(StopReason::cancelled);
  EXPECT_EQ(TestJob().run(context).kind, Outcome::Kind::stopped);
  EXPECT_TRUE(context.chunks().empty());
}

}  // namespace
}  // namespace hawser::worker
