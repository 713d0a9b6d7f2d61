#include "fanout/hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.h"
#include "fanout/follower.h"
#include "fanout/local_wakeup.h"
#include "store/memory_job_store.h"
#include "test/support/fake_loop.h"
#include "test/support/fake_pool.h"
#include "test/support/fake_random.h"
#include "test/support/job_driver.h"

namespace hawser::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A socket that reads whatever there is whenever it is told.
struct Reader {
  Reader(Hub& hub, const std::string& owner, std::optional<std::uint64_t> from = std::nullopt)
      : follower(hub.follow(owner,
                            {.on_started =
                                 [this](bool from_position) {
                                   started = true;
                                   resumed = from_position;
                                 },
                             .on_ready = [this] { ready(); },
                             .on_failed = [this](const Error& error) { failure = error.code; }},
                            from)) {}

  void ready() {
    if (!paused) read();
  }
  void read() {
    while (const auto item = follower->next()) {
      positions.push_back(item->event->position);
      frames.push_back(item->frame);
    }
  }

  bool started = false;
  bool resumed = false;
  bool paused = false;
  std::optional<Errc> failure;
  std::vector<std::uint64_t> positions;
  std::vector<SharedBytes> frames;
  std::unique_ptr<Follower> follower;
};

class HubTest : public testing::Test {
 protected:
  HubTest() {
    store.set_listener([this](const std::shared_ptr<const job::CommitGroup>& group) {
      if (announcing) hub.announce(*group);
      groups.push_back(group);
    });
  }

  std::vector<std::uint64_t> up_to(std::uint64_t last) {
    std::vector<std::uint64_t> positions;
    for (std::uint64_t i = 1; i <= last; ++i) positions.push_back(i);
    return positions;
  }

  test::FakeLoop loop;
  test::FakePool pool;
  test::FakeRandom random;
  store::MemoryJobStore store{{.clock = loop, .random = random, .log = {}}};
  job::JobService jobs{store, pool, loop, random, {}};
  int encoded = 0;
  Hub hub{loop, jobs, [this](const job::Event& event) {
            ++encoded;
            return share(std::to_string(event.position));
          }};
  bool announcing = true;
  std::vector<std::shared_ptr<const job::CommitGroup>> groups;
  test::JobDriver driver{store};
};

TEST_F(HubTest, a_follower_goes_on_from_a_position) {
  const auto job = driver.start("u");
  driver.chunks(job, 4);
  Reader reader(hub, "u", 2);
  loop.run();
  EXPECT_TRUE(reader.resumed);
  driver.chunks(job, 1);
  EXPECT_THAT(reader.positions, ElementsAre(3, 4, 5, 6));
}

TEST_F(HubTest, a_follower_goes_on_from_the_head_itself) {
  const auto job = driver.start("u");
  Reader reader(hub, "u", 1);
  loop.run();
  EXPECT_TRUE(reader.resumed);
  EXPECT_THAT(reader.positions, IsEmpty());
  driver.chunks(job, 1);
  EXPECT_THAT(reader.positions, ElementsAre(2));
}

TEST_F(HubTest, events_that_commit_while_a_position_is_looked_up_are_not_missed) {
  const auto job = driver.start("u");
  pool.holding = true;
  Reader reader(hub, "u", 0);
  loop.run();
  driver.chunks(job, 2);
  pool.release();
  loop.run();
  EXPECT_THAT(reader.positions, ElementsAre(1, 2, 3));
}

TEST_F(HubTest, a_position_that_the_log_does_not_have_starts_at_the_head) {
  const auto job = driver.start("u");
  driver.chunks(job, 2);
  Reader reader(hub, "u", 9);
  loop.run();
  EXPECT_TRUE(reader.started);
  EXPECT_FALSE(reader.resumed);
  driver.chunks(job, 1);
  EXPECT_THAT(reader.positions, ElementsAre(4));
}

TEST_F(HubTest, a_follower_starts_at_the_durable_head) {
  const auto job = driver.start("u");
  driver.chunks(job, 2);
  Reader reader(hub, "u");
  EXPECT_FALSE(reader.started);
  loop.run();
  EXPECT_TRUE(reader.started);
  EXPECT_EQ(reader.follower->cursor(), 3U);
  driver.chunks(job, 1);
  EXPECT_THAT(reader.positions, ElementsAre(4));
}

TEST_F(HubTest, gets_what_is_committed_while_it_starts) {
  Reader reader(hub, "u");
  pool.holding = true;
  const auto job = driver.start("u");
  driver.chunks(job, 2);
  pool.release();
  loop.run();
  driver.chunks(job, 1);
  loop.run();
  EXPECT_EQ(reader.positions.back(), 4U);
  EXPECT_EQ(reader.positions.size(), 4 - (reader.positions.front() - 1));
}

TEST_F(HubTest, live_events_cost_no_read_and_one_encoding) {
  Reader first(hub, "u");
  Reader second(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  loop.run();
  const auto reads = pool.posted;
  encoded = 0;
  driver.chunks(job, 3);
  EXPECT_THAT(first.positions, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(second.positions, first.positions);
  EXPECT_EQ(pool.posted, reads);
  EXPECT_EQ(encoded, 3);
  EXPECT_EQ(first.frames, second.frames);
}

TEST_F(HubTest, reads_an_event_that_is_announced_without_its_parts) {
  Reader reader(hub, "u");
  loop.run();
  driver.start("u", R"({"q":1})");
  EXPECT_THAT(reader.positions, IsEmpty());
  loop.run();
  EXPECT_THAT(reader.positions, ElementsAre(1));
}

TEST_F(HubTest, a_head_that_a_newcomer_read_before_the_announcement_wakes_the_others) {
  Reader first(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  loop.run();
  ASSERT_THAT(first.positions, ElementsAre(1));
  announcing = false;
  driver.chunks(job, 1);
  Reader newcomer(hub, "u");
  loop.run();
  EXPECT_THAT(first.positions, ElementsAre(1, 2));
  hub.announce(*groups.back());
  driver.chunks(job, 1);
  hub.announce(*groups.back());
  EXPECT_THAT(first.positions, ElementsAre(1, 2, 3));
  EXPECT_THAT(newcomer.positions, ElementsAre(3));
}

TEST_F(HubTest, a_head_that_a_page_showed_to_one_reader_wakes_the_others) {
  const auto job = driver.start("u");
  Reader slow(hub, "u");
  Reader quick(hub, "u");
  loop.run();
  announcing = false;
  slow.paused = true;
  driver.chunks(job, 1);
  driver.chunks(job, 1);
  hub.announce(*groups.back());
  loop.run();
  ASSERT_THAT(quick.positions, ElementsAre(2, 3));
  driver.chunks(job, 1);  // never announced; the slow reader's page finds it
  slow.paused = false;
  slow.read();
  loop.run();
  EXPECT_THAT(slow.positions, ElementsAre(2, 3, 4));
  EXPECT_THAT(quick.positions, ElementsAre(2, 3, 4));
}

TEST_F(HubTest, other_owners_are_not_heard) {
  Reader reader(hub, "u");
  loop.run();
  driver.start("v");
  loop.run();
  EXPECT_THAT(reader.positions, IsEmpty());
}

TEST_F(HubTest, a_slow_reader_reads_on_from_the_store) {
  Reader slow(hub, "u");
  loop.run();
  slow.paused = true;
  const auto job = driver.start("u");
  driver.chunks(job, static_cast<int>(2 * limits::kFeedEvents));
  loop.run();
  EXPECT_THAT(slow.positions, IsEmpty());
  slow.paused = false;
  slow.read();
  loop.run();
  EXPECT_EQ(slow.positions, up_to(2 * limits::kFeedEvents + 1));
}

TEST_F(HubTest, a_lost_announcement_costs_a_read) {
  Reader reader(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  loop.run();
  announcing = false;
  driver.chunks(job, 2);
  announcing = true;
  driver.chunks(job, 1);
  loop.run();
  EXPECT_EQ(reader.positions, up_to(4));
}

TEST_F(HubTest, doubled_and_late_announcements_are_harmless) {
  Reader reader(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  loop.run();
  driver.chunks(job, 2);
  for (const auto& group : groups) hub.announce(*group);
  loop.run();
  EXPECT_EQ(reader.positions, up_to(3));
}

TEST_F(HubTest, a_lost_last_announcement_heals_by_itself) {
  Reader reader(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  loop.run();
  announcing = false;
  driver.chunks(job, 2);
  loop.advance(Hub::kHeadCheckInterval);
  EXPECT_EQ(reader.positions, up_to(3));
}

TEST_F(HubTest, a_read_that_finds_the_pool_full_is_repeated) {
  Reader reader(hub, "u");
  loop.run();
  pool.refusing = true;
  driver.start("u");
  loop.advance(std::chrono::milliseconds(250));
  EXPECT_FALSE(reader.failure);
  pool.refusing = false;
  loop.advance(std::chrono::milliseconds(100));
  EXPECT_THAT(reader.positions, ElementsAre(1));
}

TEST_F(HubTest, forgets_an_owner_nobody_follows) {
  {
    Reader reader(hub, "u");
    loop.run();
    driver.start("u");
    EXPECT_EQ(hub.followed_owners(), 1U);
  }
  EXPECT_EQ(hub.followed_owners(), 0U);
  loop.run();
  loop.advance(2 * Hub::kHeadCheckInterval);
  EXPECT_EQ(loop.timers(), 0U);
}

TEST_F(HubTest, a_follower_may_go_while_it_reads) {
  auto reader = std::make_unique<Reader>(hub, "u");
  pool.holding = true;
  reader.reset();
  pool.release();
  loop.run();
}

class LocalWakeupTest : public HubTest {
 protected:
  LocalWakeupTest() {
    store.set_listener([this](const auto& group) { wakeup.announce(group); });
  }
  LocalWakeup wakeup{{&hub}};
};

TEST_F(LocalWakeupTest, brings_groups_to_the_hub_in_its_own_turn) {
  Reader reader(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  driver.chunks(job, 2);
  EXPECT_THAT(reader.positions, IsEmpty());
  loop.run();
  EXPECT_EQ(reader.positions, up_to(3));
}

TEST_F(LocalWakeupTest, a_full_mailbox_makes_the_hub_ask_the_store) {
  Reader reader(hub, "u");
  loop.run();
  const auto job = driver.start("u");
  for (std::size_t i = 0; i < limits::kMailboxGroups + 50; ++i) driver.chunks(job, 1);
  loop.run();
  EXPECT_EQ(reader.positions, up_to(limits::kMailboxGroups + 51));
}

}  // namespace
}  // namespace hawser::fanout
