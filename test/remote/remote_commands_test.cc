#include "remote/remote_commands.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <vector>

namespace hawser::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const JobId kId = JobId::make(1'700'000'000'000, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
const std::string kJob = kId.to_string();

/// A server that answers when the test says so.
class RemoteCommandsTest : public testing::Test {
 protected:
  struct Request {
    std::string event, argument;
    RemoteCommands::Reply reply;
  };

  std::string claimed(std::string_view more = "") const {
    return fmt::format(
        R"({{"jobs":[{{"job":"{}","lease":"L","epoch":3,"type":"build","user":"ann","input":{{"n":1}},)"
        R"("attempt":2,"resumed":false,"hasBegun":true,"chunkCount":8,"checkpoint":{{"at":5}},)"
        R"("checkpointChunkCount":5,"lastSequence":20,"checkpointEvery":4{}}}]}})",
        kJob, more);
  }
  void submit(job::Command command) {
    commands_.submit(std::move(command),
                     [this](Result<job::Reply> reply) { replies_.push_back(std::move(reply)); });
  }
  void answer(Result<std::string> body) {
    auto request = std::move(requests_.front());
    requests_.pop_front();
    request.reply(std::move(body));
  }
  void hold() {
    commands_.on_welcome();
    submit(job::Claim{.types = {"build"}, .holder = ""});
    answer(claimed());
    replies_.clear();
  }
  std::vector<std::string> sent() const {
    std::vector<std::string> all;
    for (const auto& request : requests_) all.push_back(request.event + " " + request.argument);
    return all;
  }
  std::string held(std::string_view more = "") const {
    return fmt::format(R"({{"job":"{}","lease":"L"{}}})", kJob, more);
  }

  std::deque<Request> requests_;
  std::vector<Result<job::Reply>> replies_;
  std::vector<Errc> reconnects_;
  RemoteCommands commands_{{
      .post = [](Task task) { task(); },
      .request =
          [this](std::string_view event, std::string_view argument, RemoteCommands::Reply reply) {
            requests_.push_back({std::string(event), std::string(argument), std::move(reply)});
          },
      .reconnect = [this](const Error& why) { reconnects_.push_back(why.code); },
  }};
};

TEST_F(RemoteCommandsTest, reads_what_it_claims) {
  commands_.on_welcome();
  submit(job::Claim{.types = {"build", "test"}, .holder = "ignored"});
  EXPECT_THAT(sent(), ElementsAre(R"(claim {"max":1,"types":["build","test"]})"));
  answer(claimed());
  const auto& job = *replies_.at(0)->claimed;
  EXPECT_EQ(job.record.id, kId);
  EXPECT_EQ(*job.record.owner, "ann");
  EXPECT_EQ(*job.record.type, "build");
  EXPECT_EQ(job.record.epoch, 3);
  EXPECT_EQ(job.record.attempt, 1);
  EXPECT_EQ(job.record.state, job::JobState::running);
  EXPECT_EQ(job.record.chunk_count, 8);
  EXPECT_EQ(job.record.checkpoint_chunk_count, 5);
  EXPECT_EQ(job.input, R"({"n":1})");
  EXPECT_EQ(job.checkpoint, R"({"at":5})");
  EXPECT_EQ(job.checkpoint_every, 4);

  submit(job::Claim{.types = {"build"}, .holder = ""});
  answer(R"({"jobs":[]})");
  EXPECT_FALSE(replies_.at(1)->claimed);
}

TEST_F(RemoteCommandsTest, says_each_command_as_the_protocol_has_it) {
  hold();
  submit(job::Begin{kId, 3, job::ContinueFrom::checkpoint});
  submit(job::Append{kId, 3, 7, {{job::EventKind::chunk, "1"}, {job::EventKind::checkpoint, "{}"}}});
  submit(job::Renew{kId, 3});
  submit(job::Finish{.id = kId, .epoch = 3, .outcome = job::EventKind::completed, .payload = "[1]"});
  submit(job::Finish{.id = kId,
                     .epoch = 3,
                     .outcome = job::EventKind::failed,
                     .payload = R"({"error":"No.","code":"timeout"})",
                     .retryable = true});
  submit(job::Release{kId, 3});
  EXPECT_THAT(sent(),
              ElementsAre("begin " + held(R"(,"from":"checkpoint")"),
                          "append " + held(R"(,"from":7,"events":[["chunk",1],["checkpoint",{}]])"),
                          fmt::format(R"(renew {{"leases":[["{}","L"]]}})", kJob),
                          "finish " + held(R"(,"result":[1])"),
                          "finish " + held(R"(,"error":{"message":"No.","code":"timeout"},"retryable":true)"),
                          "release " + held()));
  answer(R"({"ok":true,"lastSequence":21})");
  EXPECT_EQ(replies_.at(0)->last_sequence, 21);
  answer(fail(Errc::fenced, "somebody else's"));
  EXPECT_EQ(replies_.at(1).error().code, Errc::fenced);
  answer(fmt::format(R"({{"lost":[{{"job":"{}","code":"job_ended","error":"It has ended."}}]}})", kJob));
  EXPECT_EQ(replies_.at(2).error().code, Errc::job_ended);
  answer(R"({"ok":true,"state":"completed"})");
  EXPECT_EQ(replies_.at(3)->state, job::JobState::completed);
}

TEST_F(RemoteCommandsTest, what_has_no_answer_is_sent_again_in_order_after_the_next_connect) {
  hold();
  submit(job::Append{kId, 3, 1, {{job::EventKind::chunk, "1"}}});
  commands_.on_interrupted();
  answer(fail(Errc::unavailable, "cut"));
  submit(job::Append{kId, 3, 2, {{job::EventKind::chunk, "2"}}});
  submit(job::Finish{.id = kId, .epoch = 3, .outcome = job::EventKind::completed, .payload = "{}"});
  EXPECT_THAT(requests_, IsEmpty());
  EXPECT_THAT(replies_, IsEmpty());
  commands_.on_welcome();
  ASSERT_EQ(requests_.size(), 3U);
  EXPECT_THAT(sent()[0], HasSubstr(R"("from":1)"));
  EXPECT_THAT(sent()[1], HasSubstr(R"("from":2)"));
  EXPECT_THAT(sent()[2], HasSubstr("finish"));
  for (int i = 0; i < 3; ++i) answer(R"({"ok":true})");
  EXPECT_EQ(replies_.size(), 3U);
  EXPECT_EQ(commands_.waiting(), 0U);
}

TEST_F(RemoteCommandsTest, a_server_that_stops_is_asked_again_after_the_next_connect) {
  hold();
  submit(job::Append{kId, 3, 1, {{job::EventKind::chunk, "1"}}});
  answer(fail(Errc::shutting_down, "bye"));
  EXPECT_THAT(replies_, IsEmpty());
  commands_.on_interrupted();
  commands_.on_welcome();
  EXPECT_EQ(requests_.size(), 1U);
}

TEST_F(RemoteCommandsTest, a_connection_that_does_not_answer_is_given_up) {
  hold();
  submit(job::Begin{kId, 3, job::ContinueFrom::last_event});
  answer(fail(Errc::timeout, "silence"));
  submit(job::Renew{kId, 3});
  answer(fail(Errc::timeout, "silence"));
  EXPECT_THAT(reconnects_, ElementsAre(Errc::timeout, Errc::timeout));
  EXPECT_EQ(commands_.waiting(), 1U) << "begin is not lost";
}

TEST_F(RemoteCommandsTest, claims_and_renewals_do_not_wait_for_a_connection) {
  submit(job::Claim{.types = {"build"}, .holder = ""});
  hold();
  commands_.on_interrupted();
  submit(job::Renew{kId, 3});
  EXPECT_EQ(replies_.at(0).error().code, Errc::unavailable);
  EXPECT_EQ(commands_.waiting(), 0U);
}

TEST_F(RemoteCommandsTest, knows_the_lease_that_a_stop_is_about_until_it_is_over) {
  hold();
  const auto stop = held(R"(,"reason":"cancelled")");
  const auto lost = commands_.read_stop(stop);
  ASSERT_TRUE(lost);
  EXPECT_EQ(*lost, (job::Revoked{kId, 3, job::JobState::cancelled}));
  EXPECT_EQ(commands_.read_stop(held(R"(,"reason":"fenced")"))->state, job::JobState::running);
  EXPECT_FALSE(commands_.read_stop("[]"));
  submit(job::Release{kId, 3});
  answer(R"({"ok":true,"state":"checkpointed"})");
  EXPECT_FALSE(commands_.read_stop(stop));
}

TEST_F(RemoteCommandsTest, nonsense_of_a_server_is_an_error) {
  hold();
  for (const auto* body : {"", "[]", "{}", R"({"jobs":1})", R"({"jobs":[{}]})"}) {
    submit(job::Claim{.types = {"build"}, .holder = ""});
    answer(std::string(body));
    EXPECT_EQ(replies_.back().error().code, Errc::internal) << body;
  }
  EXPECT_FALSE(parse_welcome("{}"));
  EXPECT_FALSE(parse_welcome(R"({"worker":"w","leaseMs":0,"renewMs":1})"));
  EXPECT_FALSE(parse_welcome(R"({"worker":"w","leaseMs":9000,"renewMs":3000})"));
  const auto welcome = parse_welcome(
      R"({"worker":"w","leaseMs":9000,"renewMs":3000,"maxEventBytes":7,"window":{"events":5,"bytes":6}})");
  EXPECT_EQ(welcome->renew_every, Millis(3000));
  EXPECT_EQ(welcome->window.bytes, 6U);
}

}  // namespace
}  // namespace hawser::remote
