#include "session/recovery.h"

#include <fmt/format.h>

#include "test/session/session_fixture.h"

namespace hawser::session {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallMillis kNow = 1'700'000'000'000;
constexpr auto kSid = "abcdefghij0123456789";

class Pid : public testing::Test {
 protected:
  Recovery recovery{"key", "here"};
  std::string pid = recovery.make_pid("ann", {.sid = kSid, .position = 5}, kNow);
};

TEST_F(Pid, brings_back_the_sid_and_takes_the_offset_along) {
  const auto restored = recovery.restore("ann", {pid, "here.9"}, kNow + 1);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->sid, kSid);
  EXPECT_EQ(restored->offset, (StreamOffset{.position = 9, .listed = {}}));
}

TEST_F(Pid, without_an_offset_goes_on_where_the_connection_began) {
  const auto restored = recovery.restore("ann", {pid, std::nullopt}, kNow + 1);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->offset, (StreamOffset{.position = 5, .listed = {}}));
}

TEST_F(Pid, is_of_one_user_one_key_one_store_and_one_time) {
  const Recovery::Claim claim{pid, "here.9"};
  EXPECT_FALSE(recovery.restore("bob", claim, kNow + 1));
  EXPECT_FALSE(Recovery("other key", "here").restore("ann", claim, kNow + 1));
  EXPECT_FALSE(Recovery("key", "there").restore("ann", {pid, "there.9"}, kNow + 1));
  const auto end = kNow + Millis(limits::kRecoveryLifetime).count();
  EXPECT_TRUE(recovery.restore("ann", claim, end - 1));
  EXPECT_FALSE(recovery.restore("ann", claim, end));
}

TEST_F(Pid, cannot_be_altered) {
  for (std::size_t i = 0; i < pid.size(); ++i) {
    auto altered = pid;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(recovery.restore("ann", {altered, "here.9"}, kNow + 1)) << i;
  }
  EXPECT_FALSE(recovery.restore("ann", {"", "here.9"}, kNow + 1));
  EXPECT_FALSE(recovery.restore("ann", {pid + "A", "here.9"}, kNow + 1));
  EXPECT_FALSE(recovery.restore("ann", {pid, "there.9"}, kNow + 1));
}

/// A client as socket.io-client 4.6 and later are: keeps the pid and the last string it got as the last
/// argument of an event, and sends both when it connects again.
class RecoveryTest : public SessionFixture {
 protected:
  struct Memory {
    std::string sid, pid, offset;
  };

  /// What the client keeps of these packets.
  static void remember(Memory& memory, const std::vector<std::string>& packets) {
    for (const auto& packet : packets) {
      if (packet.starts_with("0{")) {
        const auto answer = *json::validate(std::string_view(packet).substr(1));
        memory.sid = *answer.find("sid")->as_string();
        memory.pid = answer.find("pid") ? *answer.find("pid")->as_string() : "";
      } else if (packet.starts_with("2[")) {
        auto arguments = json::validate(std::string_view(packet).substr(1))->elements();
        std::optional<std::string> last;
        while (const auto argument = arguments.next()) last = argument->as_string();
        if (last) memory.offset = *last;
      }
    }
  }

  std::vector<std::string> arrive(Peer& peer, const Memory& memory, std::string_view user = "ann") {
    json::Object auth;
    if (!memory.pid.empty()) auth.add("pid", memory.pid);
    if (!memory.offset.empty()) auth.add("offset", memory.offset);
    return ask(peer, "0" + auth.add("token", token(user)).str());
  }

  /// A first connection, cut after the client has received everything.
  Memory first_visit() {
    auto peer = open();
    Memory memory;
    remember(memory, arrive(*peer, memory));
    cut(*peer);
    return memory;
  }

  static void cut(Peer& peer) {
    peer.handler->on_closed("transport close");
    peer.handler.reset();
  }

  static bool says_reset(const std::vector<std::string>& packets) {
    return std::ranges::any_of(packets,
                               [](const auto& packet) { return packet.starts_with("2[\"stream:reset\""); });
  }
};

TEST_F(RecoveryTest, a_client_that_returns_gets_its_sid_and_all_it_has_missed_and_sends_nothing) {
  const auto memory = first_visit();
  const auto job = driver.start("ann");
  driver.chunks(job, 2);
  auto peer = open();
  auto packets = arrive(*peer, memory);
  ASSERT_EQ(packets.size(), 5U);
  EXPECT_EQ(packets[0], fmt::format(R"(0{{"sid":"{}","pid":"{}"}})", memory.sid, memory.pid));
  EXPECT_THAT(packets[1], testing::EndsWith(R"(,"here.0"])"));
  EXPECT_THAT(brief(std::vector(packets.begin() + 2, packets.end())),
              ElementsAre("started 1", "chunk 2", "chunk 3"));
  EXPECT_THAT(packets[4], testing::EndsWith(R"(,"here.3"])"));
  driver.chunks(job, 1);
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("chunk 4"));
}

TEST_F(RecoveryTest, goes_on_at_the_last_event_that_arrived) {
  auto peer = open();
  Memory memory;
  remember(memory, arrive(*peer, memory));
  const auto job = driver.start("ann");
  remember(memory, settle(*peer));
  driver.chunks(job, 3);  // Sent, and lost with the connection.
  settle(*peer);
  cut(*peer);
  auto next = open();
  EXPECT_THAT(brief(arrive(*next, memory)), testing::Contains("chunk 2"));
  EXPECT_EQ(memory.offset, "here.1");
}

TEST_F(RecoveryTest, a_client_that_was_cut_off_before_its_first_event_misses_nothing_either) {
  auto memory = first_visit();
  memory.offset.clear();
  driver.start("ann");
  auto peer = open();
  EXPECT_EQ(brief(arrive(*peer, memory)).back(), "started 1");
}

TEST_F(RecoveryTest, the_older_connection_of_the_client_is_closed_so_that_it_may_return) {
  auto old = open();
  Memory memory;
  remember(memory, arrive(*old, memory));
  auto peer = open();
  arrive(*peer, memory);
  EXPECT_EQ(old->channel.closed, CloseReason::taken_over);
  EXPECT_FALSE(peer->channel.closed);
  cut(*old);  // Its end does not end the new one.
  core.close_older(memory.sid, loop.now());
  EXPECT_FALSE(peer->channel.closed) << "it is not older than itself";
  core.close_older(memory.sid, loop.now() + Millis(1));
  EXPECT_EQ(peer->channel.closed, CloseReason::taken_over);
}

TEST_F(RecoveryTest, what_cannot_be_continued_is_said) {
  const auto memory = first_visit();
  driver.start("ann");
  const std::vector<Memory> broken = {
      {memory.sid, "nonsense", memory.offset},
      {memory.sid, memory.pid, "nonsense"},
      {memory.sid, memory.pid, "elsewhere.0"},
      {memory.sid, memory.pid, "here.2"},
  };
  for (const auto& claim : broken) {
    auto peer = open();
    const auto packets = arrive(*peer, claim);
    ASSERT_EQ(packets.size(), 3U) << claim.pid << " " << claim.offset;
    EXPECT_FALSE(packets[0].find(memory.pid) != std::string::npos);
    EXPECT_THAT(packets[1], testing::EndsWith(R"(,"here.1"])")) << "it begins at the head";
    EXPECT_TRUE(says_reset(packets));
  }
}

TEST_F(RecoveryTest, the_pid_of_another_user_opens_nothing) {
  const auto memory = first_visit();
  driver.start("ann");
  auto peer = open();
  const auto packets = arrive(*peer, memory, "bob");
  EXPECT_THAT(packets[1], testing::EndsWith(R"(,"here.0"])")) << "bob's own stream";
  EXPECT_TRUE(says_reset(packets));
  EXPECT_EQ(packets.size(), 3U);
}

TEST_F(RecoveryTest, a_new_client_hears_of_no_reset) {
  auto peer = open();
  EXPECT_FALSE(says_reset(arrive(*peer, {})));
}

TEST_F(RecoveryTest, a_client_may_do_without) {
  auto peer = open();
  const auto auth = json::Object().add("token", token("ann")).add("recovery", false).str();
  auto packets = ask(*peer, "0" + auth);
  EXPECT_EQ(packets[0].find("pid"), std::string::npos);
  const auto job = driver.start("ann");
  driver.chunks(job, 1);
  for (auto& packet : settle(*peer)) packets.push_back(packet);
  for (auto& packet : ask(*peer, event("reconnect:sync", sync(job, 0)))) packets.push_back(packet);
  ASSERT_EQ(packets.size(), 7U);
  for (const auto& packet : packets) EXPECT_EQ(packet.find("here."), std::string::npos) << packet;
}

TEST_F(RecoveryTest, a_rewind_that_was_cut_goes_on_behind_what_arrived) {
  const auto long_job = driver.start("ann");
  driver.chunks(long_job, 5);
  auto peer = open();
  Memory memory;
  remember(memory, arrive(*peer, memory));
  const auto sent = ask(*peer, event("reconnect:sync", sync(long_job, 1)));
  remember(memory, {sent.begin(), sent.begin() + 2});  // The rest is lost.
  EXPECT_EQ(memory.offset, fmt::format("here.6;{}:3", long_job.to_string()));
  cut(*peer);
  const auto other = driver.start("ann");
  driver.chunks(long_job, 1);
  auto next = open();
  auto packets = arrive(*next, memory);
  packets.erase(packets.begin(), packets.begin() + 2);
  EXPECT_THAT(brief(packets),
              testing::UnorderedElementsAre("chunk 4", "chunk 5", "chunk 6", "started 1", "chunk 7"));
  driver.chunks(other, 1);
  packets = settle(*next);
  EXPECT_THAT(brief(packets), ElementsAre("chunk 2"));
  remember(memory, packets);
  EXPECT_EQ(memory.offset, "here.9");
}

TEST_F(RecoveryTest, a_listed_job_that_does_not_exist_is_said_and_harms_nothing_else) {
  auto memory = first_visit();
  const auto job = driver.start("bob");
  memory.offset += ";" + job.to_string() + ":0";
  auto peer = open();
  const auto packets = arrive(*peer, memory);
  EXPECT_THAT(packets.back(), testing::HasSubstr("not_found"));
  driver.start("ann");
  EXPECT_THAT(brief(settle(*peer)), ElementsAre("started 1"));
  EXPECT_FALSE(peer->channel.closed);
}

TEST_F(RecoveryTest, a_client_that_vanishes_while_it_is_recovered_leaves_nothing) {
  const auto memory = first_visit();
  pool.holding = true;
  auto peer = open();
  peer->send(
      "0" +
      json::Object().add("pid", memory.pid).add("offset", memory.offset).add("token", token("ann")).str());
  cut(*peer);
  pool.release();
  loop.run();
  EXPECT_THAT(peer->take(), IsEmpty());
  EXPECT_EQ(hub.followed_owners(), 0U);
}

}  // namespace
}  // namespace hawser::session
