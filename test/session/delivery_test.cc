#include <fmt/format.h>

#include <random>

#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DeliveryTest : public SessionFixture {
 protected:
  static std::string complete(const JobId& id, int replayed, int last) {
    return fmt::format(R"(2["sync:complete",{{"jobId":{},"replayed":{},"lastSequence":{}}}])", quoted(id),
                       replayed, last);
  }
};

TEST_F(DeliveryTest, a_new_socket_gets_later_jobs_whole_and_running_ones_from_their_next_event) {
  const auto running = driver.start("ann");
  driver.chunks(running, 2);
  auto peer = connect("ann");
  driver.chunks(running, 1);
  const auto later = driver.start("ann");
  driver.chunks(later, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 4", "started 1", "chunk 2"));
}

TEST_F(DeliveryTest, every_socket_of_the_user_gets_every_event_once) {
  auto first = connect("ann");
  auto second = connect("ann");
  auto stranger = connect("bob");
  const auto job = driver.start("ann");
  driver.chunks(job, 1);
  driver.complete(job);
  EXPECT_THAT(brief(settle(*first)), ElementsAre("started 1", "chunk 2", "completed 3"));
  EXPECT_THAT(brief(settle(*second)), ElementsAre("started 1", "chunk 2", "completed 3"));
  EXPECT_THAT(settle(*stranger), IsEmpty());
}

TEST_F(DeliveryTest, sync_replays_what_is_missing_then_completes_then_goes_on_live) {
  const auto job = driver.start("ann");
  driver.chunks(job, 3);
  auto peer = connect("ann");
  EXPECT_THAT(brief(ask(*peer, event("reconnect:sync", sync(job, 2)))),
              ElementsAre("chunk 3", "chunk 4", complete(job, 2, 2)));
  driver.chunks(job, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 5"));
}

TEST_F(DeliveryTest, sync_acks_before_the_events) {
  const auto job = driver.start("ann");
  auto peer = connect("ann");
  EXPECT_THAT(brief(ask(*peer, event("reconnect:sync", sync(job, 0), "9"))),
              ElementsAre(fmt::format(R"(39[{{"ok":true,"jobId":{}}}])", quoted(job)), "started 1",
                          complete(job, 1, 0)));
}

TEST_F(DeliveryTest, subscribed_comes_before_the_replay_that_was_asked_for_behind_it) {
  const auto job = driver.start("ann");
  auto peer = connect("ann");
  pool.holding = true;
  peer->send(event("subscribe:job", quoted(job)));
  peer->send(event("reconnect:sync", sync(job, 0)));
  while (pool.run_one() || loop.run_one()) {
  }
  EXPECT_THAT(brief(peer->take()),
              ElementsAre(R"(2["subscribed",)" + body(job) + "]", "started 1", complete(job, 1, 0)));
}

TEST_F(DeliveryTest, sync_beyond_the_head_is_refused_and_the_stream_goes_on) {
  auto peer = connect("ann");
  const auto job = driver.start("ann");
  settle(*peer);
  pool.holding = true;
  peer->send(event("reconnect:sync", sync(job, 99), "1"));
  driver.chunks(job, 1);
  loop.run();
  EXPECT_THAT(peer->take(), IsEmpty());
  while (pool.run_one() || loop.run_one()) {
  }
  const auto sent = brief(peer->take());
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_THAT(sent[0], HasSubstr(R"("code":"bad_sequence")"));
  EXPECT_EQ(sent[1], "chunk 2");
}

TEST_F(DeliveryTest, sync_of_a_running_job_meets_the_live_stream) {
  auto peer = connect("ann");
  const auto job = driver.start("ann");
  driver.chunks(job, 3);
  settle(*peer);
  pool.holding = true;
  peer->send(event("reconnect:sync", sync(job, 1)));
  driver.chunks(job, 2);
  loop.run();
  pool.run_one();
  driver.chunks(job, 1);
  pool.release();
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 2", "chunk 3", "chunk 4", "chunk 5", "chunk 6",
                                                "chunk 7", complete(job, 6, 1)));
  driver.chunks(job, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 8"));
}

TEST_F(DeliveryTest, other_jobs_go_on_while_one_is_replayed) {
  auto peer = connect("ann");
  const auto replayed = driver.start("ann");
  const auto other = driver.start("ann");
  settle(*peer);
  pool.holding = true;
  peer->send(event("reconnect:sync", sync(replayed, 0)));
  driver.chunks(other, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 2"));
}

TEST_F(DeliveryTest, a_read_that_finds_the_pool_full_in_a_replay_is_repeated) {
  const auto job = driver.start("ann");
  driver.chunks(job, static_cast<int>(limits::kPageEvents) + 5);
  auto peer = connect("ann");
  pool.holding = true;
  peer->send(event("reconnect:sync", sync(job, 0)));
  pool.run_one();
  pool.refusing = true;
  EXPECT_EQ(settle(*peer).size(), limits::kPageEvents);
  pool.refusing = false;
  pool.release();
  loop.advance(Millis(100));
  EXPECT_EQ(peer->take().size(), 7U);
}

TEST_F(DeliveryTest, a_channel_that_does_not_take_more_stops_the_cursor_not_the_job) {
  auto peer = connect("ann");
  peer->channel.stalled = true;
  const auto job = driver.start("ann");
  const auto chunk = json::quoted(std::string(10'000, 'x'));
  for (int i = 0; i < 500; ++i) driver.append(job, {chunk});
  loop.run();
  EXPECT_GT(peer->channel.buffered, limits::kSendHighWater);
  EXPECT_LT(peer->channel.buffered, limits::kSendHighWater + 20'000);
  std::size_t received = peer->take().size();
  while (peer->channel.buffered > 0) {
    peer->channel.drain();
    peer->handler->on_writable();
    loop.run();
    received += peer->take().size();
  }
  EXPECT_EQ(received, 501U);
  EXPECT_FALSE(peer->channel.closed);
}

TEST_F(DeliveryTest, answers_may_pass_the_high_water_mark_but_not_the_hard_limit) {
  auto peer = connect("ann");
  peer->channel.stalled = true;
  peer->channel.buffered = limits::kSendHighWater + 1;
  EXPECT_EQ(ask(*peer, event("no:such", "1", "1")).size(), 1U);
  peer->channel.buffered = limits::kSendHardLimit;
  ask(*peer, event("no:such", "1", "1"));
  EXPECT_EQ(peer->channel.closed, CloseReason::too_slow);
}

TEST_F(DeliveryTest, catch_ups_are_bounded) {
  auto peer = connect("ann");
  std::vector<JobId> ids;
  for (std::size_t i = 0; i <= limits::kMaxCatchUps; ++i) ids.push_back(driver.start("ann"));
  settle(*peer);
  pool.holding = true;
  for (std::size_t i = 0; i < limits::kMaxCatchUps; ++i) peer->send(event("reconnect:sync", sync(ids[i], 0)));
  EXPECT_THAT(ask(*peer, event("reconnect:sync", sync(ids.back(), 0), "1")),
              ElementsAre(HasSubstr(R"("code":"too_many_catch_ups")")));
}

/// The whole of the README's resume logic.
struct StockClient {
  std::uint64_t last = 0;

  void see(const std::string& brief) {
    const auto space = brief.find(' ');
    if (brief.starts_with("2") || brief.starts_with("3")) return;
    const auto sequence = std::stoull(brief.substr(space + 1));
    if (sequence == last + 1) last = sequence;
  }
};

TEST_F(DeliveryTest, a_stock_client_that_loses_its_line_again_and_again_misses_nothing) {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    std::mt19937 random_engine(seed);
    const auto pick = [&](std::uint32_t below) { return random_engine() % below; };
    const auto owner = fmt::format("user{}", seed);
    const auto job = driver.start(owner);
    std::uint64_t head = 1;
    StockClient client;
    std::unique_ptr<Peer> peer;
    const auto read = [&] {
      for (const auto& packet : brief(peer->take())) client.see(packet);
    };
    for (int i = 0; i < 300; ++i) {
      switch (pick(8)) {
        case 0:
          peer = connect(owner);
          peer->channel.stalled = true;
          peer->send(event("reconnect:sync", sync(job, static_cast<std::int64_t>(client.last))));
          break;
        case 1:
        case 2:
        case 3: {
          const auto count = 1 + pick(5);
          driver.append(job, std::vector<std::string>(count, json::quoted(std::string(pick(8'000), 'x'))));
          head += count;
          break;
        }
        case 4: pool.holding = true; break;
        case 5: pool.release(); break;
        case 6: loop.run_one(); break;
        case 7:
          if (!peer) break;
          read();
          peer->channel.drain();
          peer->handler->on_writable();
          break;
      }
    }
    pool.release();
    peer = connect(owner);
    peer->send(event("reconnect:sync", sync(job, static_cast<std::int64_t>(client.last))));
    loop.run();
    read();
    EXPECT_EQ(client.last, head) << "seed " << seed;
    driver.complete(job);
  }
}

}  // namespace
}  // namespace hawser::session
