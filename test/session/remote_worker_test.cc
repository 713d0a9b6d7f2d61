#include "session/remote_worker.h"

#include <fmt/format.h>

#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class RemoteWorkerTest : public SessionFixture {
 protected:
  std::string worker_token(const std::string& name, const std::vector<std::string>& types = {"*"},
                           std::optional<Millis> lifetime = std::nullopt) {
    return *authenticator.mint_worker(name, types, loop.wall_now(), lifetime);
  }
  std::unique_ptr<Peer> work(const std::string& token) {
    auto peer = open();
    peer->send("0/workers," + json::Object().add("token", token).str());
    loop.run();
    return peer;
  }
  std::unique_ptr<Peer> worker(const std::string& name = "far") {
    auto peer = work(worker_token(name));
    peer->take();
    return peer;
  }

  /// The body of the ack.
  json::View call(Peer& peer, std::string_view name, const std::string& argument) {
    peer.send(fmt::format("2/workers,{}[\"{}\",{}]", ++acks_, name, argument));
    loop.run();
    const auto head = fmt::format("3/workers,{}[", acks_);
    answer_.clear();
    for (const auto& sent : peer.take()) {
      if (sent.starts_with(head)) answer_ = sent.substr(head.size(), sent.size() - head.size() - 1);
    }
    return json::View(answer_);
  }
  static std::string text(const json::View& object, std::string_view name) {
    const auto member = object.find(name);
    return member ? member->as_string().value_or(std::string(member->raw())) : "";
  }

  struct Job {
    std::string id, lease;
    std::string held() const { return json::Object().add("job", id).add("lease", lease).str(); }
    std::string with(const std::string& members) const {
      auto object = held();
      object.pop_back();
      return object + "," + members + "}";
    }
  };
  std::optional<Job> claim(Peer& peer, const std::string& argument = "{}") {
    const auto list = call(peer, "claim", argument).find("jobs");
    const auto job = list ? list->elements().next() : std::nullopt;
    if (!job) return std::nullopt;
    return Job{text(*job, "job"), text(*job, "lease")};
  }
  Job begun(Peer& peer) {
    const auto job = claim(peer);
    EXPECT_EQ(text(call(peer, "begin", job->with(R"("from":"last_event")")), "ok"), "true");
    return *job;
  }
  std::string code(Peer& peer, std::string_view name, const std::string& argument) {
    return text(call(peer, name, argument), "code");
  }
  std::size_t events_of(const std::string& id) {
    return store.read_job(*JobId::parse(id), 0, {})->events.size();
  }

 private:
  int acks_ = 0;
  std::string answer_;
};

TEST_F(RemoteWorkerTest, a_token_opens_the_namespace_that_it_is_for) {
  auto worker = work(worker_token("far"));
  EXPECT_TRUE(worker->handler->is_authenticated());
  const auto sent = worker->take();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_THAT(sent[0], StartsWith("0/workers,{\"sid\":"));
  EXPECT_EQ(sent[1],
            R"(2/workers,["welcome",{"worker":"far","types":["*"],"leaseMs":15000,"renewMs":5000,)"
            R"("maxEventBytes":524288,"window":{"events":1000,"bytes":262144},"protocolVersion":1}])");

  EXPECT_THAT(work(token("ann"))->take(),
              ElementsAre(R"(4/workers,{"message":"Invalid token: missing worker"})"));
  EXPECT_THAT(ask(*open(), "0" + json::Object().add("token", worker_token("far")).str()),
              ElementsAre(R"(4{"message":"Authentication failed"})"));
}

TEST_F(RemoteWorkerTest, runs_a_job_from_its_claim_to_its_end) {
  auto peer = worker();
  const auto id = driver.create("ann", R"({"n":1})");
  const auto answer = call(*peer, "claim", R"({"max":2})");
  const auto job = *answer.find("jobs")->elements().next();
  EXPECT_EQ(text(job, "job"), id.to_string());
  EXPECT_EQ(text(job, "type"), "test-job");
  EXPECT_EQ(text(job, "user"), "ann");
  EXPECT_EQ(text(job, "input"), R"({"n":1})");
  EXPECT_EQ(text(job, "attempt"), "1");
  EXPECT_EQ(text(job, "hasBegun"), "false");
  EXPECT_EQ(text(job, "checkpointEvery"), "10");
  const Job held{id.to_string(), text(job, "lease")};
  EXPECT_EQ(text(call(*peer, "begin", held.with(R"("from":"last_event")")), "lastSequence"), "1");
  const auto batch = held.with(
      R"("from":1,"events":[["chunk",{"a":1}],["progress",{"current":1}],["checkpoint",{"at":1}]])");
  EXPECT_EQ(text(call(*peer, "append", batch), "lastSequence"), "4");
  EXPECT_EQ(text(call(*peer, "append", batch), "lastSequence"), "4") << "a repeated batch is harmless";
  EXPECT_EQ(text(call(*peer, "finish", held.with(R"("result":{"done":true})")), "state"), "completed");
  EXPECT_EQ(store.find(id)->state, job::JobState::completed);
  EXPECT_EQ(store.find(id)->chunk_count, 1);
  EXPECT_EQ(core.gauges().remote_jobs.value(), 0);
}

TEST_F(RemoteWorkerTest, a_job_goes_on_where_its_checkpoint_says) {
  auto first = worker("first");
  const auto id = driver.create("ann");
  const auto job = begun(*first);
  call(*first, "append", job.with(R"("from":1,"events":[["chunk",1],["checkpoint",{"at":1}],["chunk",2]])"));
  EXPECT_EQ(text(call(*first, "release", job.held()), "state"), "checkpointed");
  auto second = worker("second");
  const auto answer = call(*second, "claim", "{}");
  const auto again = *answer.find("jobs")->elements().next();
  EXPECT_EQ(text(again, "attempt"), "2");
  EXPECT_EQ(text(again, "hasBegun"), "true");
  EXPECT_EQ(text(again, "chunkCount"), "2");
  EXPECT_EQ(text(again, "checkpoint"), R"({"at":1})");
  EXPECT_EQ(text(again, "checkpointChunkCount"), "1");
  const Job held{id.to_string(), text(again, "lease")};
  call(*second, "begin", held.with(R"("from":"checkpoint")"));
  EXPECT_EQ(store.find(id)->chunk_count, 1);
  EXPECT_EQ(code(*first, "append", job.with(R"("from":4,"events":[["chunk",9]])")), "fenced");
}

TEST_F(RemoteWorkerTest, an_empty_claim_is_followed_by_a_hint_once) {
  auto peer = worker();
  EXPECT_FALSE(claim(*peer));
  driver.create("ann");
  EXPECT_THAT(settle(*peer), ElementsAre(R"(2/workers,["work",{}])"));
  driver.create("ann");
  EXPECT_THAT(settle(*peer), IsEmpty()) << "it has been told and did not ask since";
  EXPECT_TRUE(claim(*peer, R"({"max":2})"));
  driver.create("ann");
  EXPECT_THAT(settle(*peer), IsEmpty()) << "its last claim found all that it wanted";
}

TEST_F(RemoteWorkerTest, is_told_when_a_job_is_taken_away) {
  auto peer = worker();
  const auto id = driver.create("ann");
  const auto job = begun(*peer);
  driver.submit(job::Cancel{id, "ann", ""});
  EXPECT_THAT(settle(*peer),
              ElementsAre(R"(2/workers,["stop",)" + job.with(R"("reason":"cancelled")") + "]"));
  EXPECT_EQ(code(*peer, "append", job.with(R"("from":1,"events":[["chunk",1]])")), "job_ended");
  const auto lost = call(*peer, "renew", fmt::format(R"({{"leases":[["{}","{}"]]}})", job.id, job.lease));
  EXPECT_EQ(text(*lost.find("lost")->elements().next(), "code"), "job_ended");
  EXPECT_EQ(text(call(*peer, "renew", R"({"leases":[]})"), "lost"), "[]");
}

TEST_F(RemoteWorkerTest, a_lease_is_good_for_its_worker_and_its_job_alone) {
  auto mine = worker("mine");
  auto other = worker("other");
  driver.create("ann");
  const auto job = begun(*mine);
  EXPECT_EQ(code(*other, "append", job.with(R"("from":1,"events":[["chunk",1]])")), "unauthorized");
  driver.create("ann");
  const auto second = begun(*other);
  EXPECT_EQ(code(*mine, "release", Job{second.id, job.lease}.held()), "unauthorized");
  auto forged = job;
  forged.lease.front() = forged.lease.front() == 'A' ? 'B' : 'A';
  EXPECT_EQ(code(*mine, "release", forged.held()), "unauthorized");
  EXPECT_EQ(events_of(job.id), 1U);
}

TEST_F(RemoteWorkerTest, gives_back_what_has_not_begun_when_its_connection_ends) {
  driver.create("ann");
  driver.create("ann");
  auto peer = worker();
  const auto running = begun(*peer);
  const auto waiting = *claim(*peer);
  peer->handler->on_closed("transport close");
  peer.reset();
  EXPECT_TRUE(store.find(*JobId::parse(waiting.id))->queued);
  EXPECT_EQ(store.find(*JobId::parse(waiting.id))->attempt, 0);
  EXPECT_FALSE(store.find(*JobId::parse(running.id))->queued);

  auto again = worker();
  EXPECT_EQ(code(*again, "begin", waiting.with(R"("from":"last_event")")), "fenced");
  EXPECT_EQ(text(call(*again, "append", running.with(R"("from":1,"events":[["chunk",1]])")), "ok"), "true");
  EXPECT_EQ(text(call(*again, "finish", running.with(R"("error":{"message":"no"})")), "state"), "failed");
}

TEST_F(RemoteWorkerTest, a_claim_whose_worker_is_gone_when_it_is_answered_is_undone) {
  const auto id = driver.create("ann");
  auto peer = worker();
  peer->send(R"(2/workers,7["claim",{}])");
  peer->handler->on_closed("transport close");
  peer.reset();
  loop.run();
  EXPECT_TRUE(store.find(id)->queued);
}

TEST_F(RemoteWorkerTest, claims_what_its_token_names) {
  driver.create("ann");
  auto peer = work(worker_token("far", {"build"}));
  peer->take();
  EXPECT_FALSE(claim(*peer));
  EXPECT_EQ(code(*peer, "claim", R"({"types":["test-job"]})"), "unauthorized");
  EXPECT_EQ(code(*peer, "claim", R"({"types":["build"]})"), "unknown_type");
  auto other = worker();
  EXPECT_TRUE(claim(*other, R"({"types":["build","test-job"]})")) << "one of them is known";
}

TEST_F(RemoteWorkerTest, more_than_the_window_is_refused_until_some_is_committed) {
  driver.create("ann");
  auto peer = worker();
  const auto job = begun(*peer);
  std::string thousand = R"("from":1,"events":[["chunk",1])";
  for (int i = 1; i < 1'000; ++i) thousand += R"(,["chunk",1])";
  peer->send("2/workers,500[\"append\"," + job.with(thousand + "]") + "]");
  peer->send("2/workers,501[\"append\"," + job.with(R"("from":1001,"events":[["chunk",1]])") + "]");
  const auto answers = settle(*peer);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_THAT(answers[0], HasSubstr("overloaded"));
  EXPECT_THAT(answers[1], HasSubstr("\"ok\":true"));
  EXPECT_EQ(text(call(*peer, "append", job.with(R"("from":1001,"events":[["chunk",1]])")), "lastSequence"),
            "1002");
}

TEST_F(RemoteWorkerTest, bad_arguments_are_named) {
  auto peer = worker();
  driver.create("ann");
  const auto job = begun(*peer);
  const std::pair<std::string_view, std::string> rows[] = {
      {"claim", R"({"max":0})"},
      {"claim", R"({"max":65})"},
      {"claim", R"({"types":[]})"},
      {"claim", R"({"types":[1]})"},
      {"claim", "[]"},
      {"begin", R"({"job":"x","lease":"y","from":"beginning"})"},
      {"begin", job.with(R"("from":"end")")},
      {"append", job.with(R"("events":[])")},
      {"append", job.with(R"("from":1,"events":[["chunk"]])")},
      {"append", job.with(R"("from":1,"events":[["chunk",1,2]])")},
      {"append", job.with(R"("from":1,"events":[["completed",1]])")},
      {"append", job.with(R"("from":1,"events":{})")},
      {"finish", job.held()},
      {"finish", job.with(R"("result":1,"error":{"message":"x"})")},
      {"finish", job.with(R"("error":"x")")},
      {"finish", job.with(R"("error":{"message":"x","code":"Bad Code"})")},
      {"finish", job.with(R"("error":{"message":"x"},"retryable":1)")},
      {"renew", R"({"leases":[["a"]]})"},
      {"nonsense", "{}"},
  };
  for (const auto& [name, argument] : rows) {
    const auto answer = call(*peer, name, argument);
    EXPECT_THAT(text(answer, "code"), testing::AnyOf("bad_request", "not_found")) << name << argument;
    EXPECT_THAT(text(answer, "error"), Not(IsEmpty()));
  }
  EXPECT_EQ(events_of(job.id), 1U) << "nothing of it was done";
}

TEST_F(RemoteWorkerTest, its_token_is_renewed_or_ends_the_namespace) {
  auto peer = work(worker_token("far", {"*"}, Millis(60'000)));
  peer->take();
  EXPECT_EQ(code(*peer, "auth:refresh", json::Object().add("token", worker_token("other")).str()),
            "unauthorized");
  EXPECT_EQ(text(call(*peer, "auth:refresh",
                      json::Object().add("token", worker_token("far", {"*"}, Millis(120'000))).str()),
                 "ok"),
            "true");
  loop.advance(Millis(100'000));
  EXPECT_THAT(settle(*peer), ElementsAre(HasSubstr("auth:expired")));
  loop.advance(Millis(20'001));
  EXPECT_THAT(settle(*peer), ElementsAre(HasSubstr("auth:expired"), "1/workers,"));
}

}  // namespace
}  // namespace hawser::session
