#include <fmt/format.h>

#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

using Commands = SessionFixture;

TEST_F(Commands, start_answers_with_the_job_id) {
  auto peer = connect("ann");
  EXPECT_THAT(ask(*peer, event("start:job", R"({"type":"test-job","input":{"a":1}})", "7")),
              ElementsAre(MatchesRegex(R"(37\[\{"jobId":"job_[0-9a-f]{32}"\}\])")));
}

TEST_F(Commands, start_relays_the_input_as_it_was_written) {
  auto peer = connect("ann");
  ask(*peer, event("start:job", R"({"type":"test-job","input":{"a":1e400,"b":"\ud800"}})", "7"));
  driver.begin();
  EXPECT_THAT(settle(*peer),
              ElementsAre(HasSubstr(R"("payload":{"type":"test-job","input":{"a":1e400,"b":"\ud800"}})")));
}

TEST_F(Commands, start_without_input_has_an_empty_one) {
  auto peer = connect("ann");
  ask(*peer, event("start:job", R"({"type":"test-job"})", "7"));
  driver.begin();
  EXPECT_THAT(settle(*peer), ElementsAre(HasSubstr(R"("input":{}})")));
}

TEST_F(Commands, start_and_resume_without_an_ack_do_nothing_and_say_so) {
  auto peer = connect("ann");
  for (const auto* name : {"start:job", "resume:job"}) {
    EXPECT_THAT(ask(*peer, event(name, R"({"type":"test-job"})")),
                ElementsAre(HasSubstr(R"("code":"bad_request")")));
  }
}

TEST_F(Commands, more_than_the_rate_are_refused_until_time_has_passed) {
  auto peer = connect("ann");
  const auto send = [&] { return ask(*peer, event("cancel:job", R"("job_unknown")", "1")); };
  for (int i = 0; i < static_cast<int>(limits::kCommandBurst); ++i) {
    ASSERT_THAT(send(), ElementsAre(HasSubstr("not_found")));
  }
  EXPECT_THAT(send(), ElementsAre(HasSubstr(R"("code":"rate_limited")")));
  loop.advance(std::chrono::seconds(1));
  EXPECT_THAT(send(), ElementsAre(HasSubstr("not_found")));
}

TEST_F(Commands, start_with_the_same_key_is_one_job) {
  auto peer = connect("ann");
  const auto start = [&](const char* ack, const char* input) {
    return ask(*peer,
               event("start:job",
                     fmt::format(R"({{"type":"test-job","input":{},"idempotencyKey":"k"}})", input), ack));
  };
  const auto first = start("1", "1");
  const auto again = start("1", "1");
  EXPECT_EQ(first, again);
  EXPECT_THAT(start("1", "2"), ElementsAre(HasSubstr(R"("code":"idempotency_conflict")")));
}

struct BadArgument {
  const char* name;
  const char* argument;
  const char* code;
  const char* names;  ///< what the sentence must mention
};

class BadArguments : public SessionFixture, public testing::WithParamInterface<BadArgument> {};

TEST_P(BadArguments, are_told_to_their_sender_only) {
  const auto& bad = GetParam();
  auto peer = connect("ann");
  auto other = connect("ann");
  const auto acked = ask(*peer, event(bad.name, bad.argument, "3"));
  ASSERT_EQ(acked.size(), 1U);
  EXPECT_THAT(acked[0], StartsWith(R"(33[{"error":")"));
  EXPECT_THAT(acked[0], HasSubstr(fmt::format(R"("code":"{}")", bad.code)));
  EXPECT_THAT(acked[0], HasSubstr(bad.names));

  const auto unasked = ask(*peer, event(bad.name, bad.argument));
  ASSERT_EQ(unasked.size(), 1U);
  EXPECT_THAT(unasked[0], StartsWith(R"(2["job:error",{)"));
  EXPECT_THAT(unasked[0], HasSubstr(R"("code":")"));
  EXPECT_THAT(settle(*other), IsEmpty());
  EXPECT_FALSE(peer->channel.closed);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadArguments,
    testing::Values(
        BadArgument{"start:job", "null", "bad_request", "start:job"},
        BadArgument{"start:job", "[1]", "bad_request", "start:job"},
        BadArgument{"start:job", "{}", "bad_request", "type"},
        BadArgument{"start:job", R"({"type":7})", "bad_request", "type"},
        BadArgument{"start:job", R"({"type":"nope"})", "unknown_type", "test-job"},
        BadArgument{"start:job", R"({"type":"test-job","idempotencyKey":5})", "bad_request",
                    "idempotencyKey"},
        BadArgument{"subscribe:job", "null", "bad_request", "jobId"},
        BadArgument{"subscribe:job", R"({"a":1})", "bad_request", "jobId"},
        BadArgument{"subscribe:job", R"("")", "bad_request", "jobId"},
        BadArgument{"subscribe:job", R"("job_1")", "not_found", "Job not found: job_1"},
        BadArgument{"subscribe:job", R"("job_00000000000000000000000000000000")", "not_found",
                    "Job not found: job_0"},
        BadArgument{"unsubscribe:job", R"("job_00000000000000000000000000000000")", "not_found",
                    "Job not found"},
        BadArgument{"cancel:job", "1", "bad_request", "jobId"},
        BadArgument{"cancel:job", R"({"jobId":"job_00000000000000000000000000000000","reason":5})",
                    "bad_request", "reason"},
        BadArgument{"cancel:job", R"("job_00000000000000000000000000000000")", "not_found", "Job not found"},
        BadArgument{"resume:job", R"("job_00000000000000000000000000000000")", "not_found", "Job not found"},
        BadArgument{"resume:job", "[]", "bad_request", "jobId"},
        BadArgument{"reconnect:sync", R"("x")", "bad_request", "reconnect:sync"},
        BadArgument{"reconnect:sync", "{}", "bad_request", "jobId"},
        BadArgument{"reconnect:sync", R"({"jobId":"job_00000000000000000000000000000000"})", "bad_request",
                    "lastSequence"},
        BadArgument{"reconnect:sync", R"({"jobId":"job_00000000000000000000000000000000","lastSequence":-1})",
                    "bad_sequence", "lastSequence"},
        BadArgument{"reconnect:sync",
                    R"({"jobId":"job_00000000000000000000000000000000","lastSequence":1.5})", "bad_sequence",
                    "lastSequence"},
        BadArgument{"reconnect:sync",
                    R"({"jobId":"job_00000000000000000000000000000000","lastSequence":"1"})", "bad_sequence",
                    "lastSequence"},
        BadArgument{"reconnect:sync", R"({"jobId":"job_00000000000000000000000000000000","lastSequence":0})",
                    "not_found", "Job not found"},
        BadArgument{"auth:refresh", R"({"token":1})", "bad_request", "token"},
        BadArgument{"no:such", "1", "bad_request", "no:such"}));

TEST_F(Commands, a_missing_argument_is_told) {
  auto peer = connect("ann");
  EXPECT_THAT(ask(*peer, R"(21["subscribe:job"])"),
              ElementsAre(HasSubstr("subscribe:job needs an argument")));
  EXPECT_THAT(ask(*peer, R"(2["reconnect:sync"])"), ElementsAre(StartsWith(R"(2["job:error",{"error":)")));
}

TEST_F(Commands, an_error_without_ack_names_the_job) {
  auto peer = connect("ann");
  EXPECT_THAT(
      ask(*peer, event("cancel:job", R"("job_9")")),
      ElementsAre(R"(2["job:error",{"jobId":"job_9","error":"Job not found: job_9","code":"not_found"}])"));
}

TEST_F(Commands, binary_arguments_are_refused) {
  auto peer = connect("ann");
  peer->send(R"(51-4["start:job",{"type":"test-job","input":{"_placeholder":true,"num":0}}])");
  peer->handler->on_message("bytes", true);
  EXPECT_THAT(settle(*peer),
              ElementsAre(R"(34[{"error":"Binary arguments are not accepted.","code":"bad_request"}])"));
}

TEST_F(Commands, a_foreign_job_answers_like_an_unknown_one) {
  const auto job = driver.start("bob");
  auto peer = connect("ann");
  const auto refused =
      fmt::format(R"(31[{{"error":"Job not found: {}","code":"not_found"}}])", job.to_string());
  for (const char* command : {"subscribe:job", "unsubscribe:job", "cancel:job", "resume:job"}) {
    EXPECT_THAT(ask(*peer, event(command, quoted(job), "1")), ElementsAre(refused)) << command;
  }
  EXPECT_THAT(ask(*peer, event("reconnect:sync", sync(job, 0), "1")), ElementsAre(refused));
  driver.chunks(job, 1);
  EXPECT_THAT(settle(*peer), IsEmpty());
}

TEST_F(Commands, subscribe_answers_and_replays_nothing_and_doubles_nothing) {
  auto peer = connect("ann");
  const auto job = driver.start("ann");
  settle(*peer);
  EXPECT_THAT(
      ask(*peer, event("subscribe:job", quoted(job), "1")),
      ElementsAre(R"(2["subscribed",)" + body(job) + "]", R"(31[{"ok":true,"jobId":)" + quoted(job) + "}]"));
  driver.chunks(job, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 2"));
}

TEST_F(Commands, unsubscribe_answers_and_the_user_room_goes_on) {
  auto peer = connect("ann");
  const auto job = driver.start("ann");
  ask(*peer, event("subscribe:job", quoted(job)));
  EXPECT_THAT(ask(*peer, event("unsubscribe:job", quoted(job))),
              ElementsAre(R"(2["unsubscribed",)" + body(job) + "]"));
  driver.chunks(job, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 2"));
}

TEST_F(Commands, cancel_is_one_event_on_every_socket_and_idempotent) {
  auto peer = connect("ann");
  auto other = connect("ann");
  const auto job = driver.start("ann");
  settle(*peer);
  settle(*other);
  const auto sent =
      ask(*peer, event("cancel:job", R"({"jobId":)" + quoted(job) + R"(,"reason":"bored"})", "1"));
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_THAT(sent, testing::Contains(std::string(R"(31[{"ok":true,"state":"cancelled"}])")));
  EXPECT_THAT(
      sent,
      testing::Contains(StartsWith(fmt::format(
          R"(2["job:cancelled",{{"jobId":{},"payload":{{"reason":"bored"}},"sequence":2,)", quoted(job)))));
  EXPECT_THAT(brief(settle(*other)), ElementsAre("cancelled 2"));
  EXPECT_THAT(ask(*peer, event("cancel:job", quoted(job), "2")),
              ElementsAre(R"(32[{"ok":true,"state":"cancelled"}])"));
}

TEST_F(Commands, resume_queues_a_failed_job_and_refuses_a_completed_one) {
  auto peer = connect("ann");
  const auto failed = driver.start("ann");
  driver.finish(failed, job::EventKind::failed, R"({"error":"broken","code":"handler_failed"})");
  settle(*peer);
  EXPECT_THAT(ask(*peer, event("resume:job", quoted(failed), "1")), ElementsAre(R"(31[{"ok":true}])"));
  driver.begin();
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("resumed 3"));

  const auto done = driver.start("ann");
  driver.complete(done);
  settle(*peer);
  EXPECT_THAT(ask(*peer, event("resume:job", quoted(done), "1")),
              ElementsAre(HasSubstr(R"("code":"invalid_state")")));
}

TEST_F(Commands, waiting_commands_are_bounded) {
  auto peer = connect("ann");
  pool.holding = true;
  const auto job = driver.start("ann");
  for (std::size_t i = 0; i < limits::kMaxPendingCommands; ++i)
    peer->send(event("subscribe:job", quoted(job)));
  EXPECT_THAT(ask(*peer, event("subscribe:job", quoted(job), "1")),
              ElementsAre(HasSubstr(R"("code":"overloaded")")));
  pool.release();
  loop.run();
  peer->take();
  EXPECT_EQ(ask(*peer, event("subscribe:job", quoted(job), "1")).size(), 2U);
}

TEST_F(Commands, subscriptions_are_bounded) {
  auto peer = connect("ann");
  JobId last;
  for (std::size_t i = 0; i <= limits::kMaxSubscriptions; ++i) {
    last = driver.start("ann");
    driver.complete(last);
    loop.advance(std::chrono::milliseconds(20));  // within the rate of commands
    if (i < limits::kMaxSubscriptions) ask(*peer, event("subscribe:job", quoted(last)));
  }
  settle(*peer);
  EXPECT_THAT(ask(*peer, event("subscribe:job", quoted(last), "1")),
              ElementsAre(HasSubstr(R"("code":"overloaded")")));
}

}  // namespace
}  // namespace hawser::session
