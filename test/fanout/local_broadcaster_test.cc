#include "fanout/local_broadcaster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/limits.h"
#include "test/fanout/recording_member.h"
#include "test/support/fake_loop.h"

namespace hawser::fanout {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

class LocalBroadcasterTest : public testing::Test {
 protected:
  explicit LocalBroadcasterTest(std::optional<Recovery> recovery = std::nullopt)
      : broadcaster(
            {&first, &second},
            [this](Payload payload) {
              ++encoded;
              return EncodedPacket{share(payload.json), std::move(payload.attachments)};
            },
            std::move(recovery)) {
    broadcaster.rooms(first).add(a);
    broadcaster.rooms(first).add(b);
    broadcaster.rooms(second).add(c);
  }
  ~LocalBroadcasterTest() override {
    broadcaster.rooms(first).remove(a);
    broadcaster.rooms(first).remove(b);
    broadcaster.rooms(second).remove(c);
  }
  Status send(Loop& here, std::string text, Audience audience = {}) {
    return broadcaster.broadcast(here, {std::move(audience), {std::move(text), {}}, false});
  }

  test::FakeLoop first{0}, second{1};
  std::size_t encoded = 0;
  LocalBroadcaster broadcaster;
  RecordingMember a{"a"}, b{"b"}, c{"c"};
};

TEST_F(LocalBroadcasterTest, reaches_the_own_core_at_once_and_the_others_by_their_mailbox) {
  ASSERT_TRUE(send(first, "x"));
  EXPECT_THAT(a.texts, ElementsAre("x"));
  EXPECT_THAT(b.texts, ElementsAre("x"));
  EXPECT_TRUE(c.texts.empty());
  second.run();
  EXPECT_THAT(c.texts, ElementsAre("x"));
}

TEST_F(LocalBroadcasterTest, encodes_once_for_all) {
  ASSERT_TRUE(broadcaster.broadcast(first, {{}, {"x", {share("bytes")}}, true}));
  second.run();
  EXPECT_EQ(encoded, 1U);
  EXPECT_EQ(a.packets.at(0).text, c.packets.at(0).text) << "one string, shared";
  EXPECT_EQ(a.packets.at(0).attachments, c.packets.at(0).attachments);
  EXPECT_THAT(c.texts, ElementsAre("volatile x"));
}

TEST_F(LocalBroadcasterTest, reaches_only_its_audience) {
  ASSERT_TRUE(broadcaster.rooms(second).join(c, "room"));
  ASSERT_TRUE(broadcaster.rooms(first).join(a, "room"));
  ASSERT_TRUE(send(first, "room", {{"room"}, {"a"}}));
  ASSERT_TRUE(send(first, "others", {{}, {"c"}}));
  second.run();
  EXPECT_THAT(a.texts, ElementsAre("others"));
  EXPECT_THAT(b.texts, ElementsAre("others"));
  EXPECT_THAT(c.texts, ElementsAre("room"));
}

TEST_F(LocalBroadcasterTest, keeps_one_order_on_all_cores) {
  ASSERT_TRUE(send(second, "1"));
  ASSERT_TRUE(send(second, "2"));
  ASSERT_TRUE(send(first, "3"));
  ASSERT_TRUE(send(second, "4"));
  first.run();
  second.run();
  EXPECT_THAT(a.texts, ElementsAre("1", "2", "3", "4"));
  EXPECT_EQ(c.texts, a.texts);
}

TEST_F(LocalBroadcasterTest, tells_that_a_core_is_too_far_behind_and_then_reaches_nobody) {
  for (std::size_t i = 0; i < limits::kMailboxBroadcasts; ++i) ASSERT_TRUE(send(first, "x", {{"c"}, {}}));
  EXPECT_EQ(send(first, "late").error().code, Errc::overloaded);
  EXPECT_TRUE(a.texts.empty());
  second.run();
  EXPECT_EQ(c.texts.size(), limits::kMailboxBroadcasts);
  EXPECT_TRUE(send(first, "again"));
}

TEST_F(LocalBroadcasterTest, bounds_the_bytes_of_a_mailbox) {
  const auto large = share(std::string(limits::kMailboxBroadcastBytes, 'x'));
  ASSERT_TRUE(broadcaster.broadcast(first, {{{"c"}, {}}, {"x", {large}}, false}));
  EXPECT_EQ(send(first, "late").error().code, Errc::overloaded);
  second.run();
  EXPECT_TRUE(send(first, "again"));
}

TEST_F(LocalBroadcasterTest, finds_the_sockets_of_all_cores) {
  ASSERT_TRUE(broadcaster.rooms(second).join(c, "room"));
  std::map<std::string, std::vector<std::string>> found;
  const auto fetch = [&](Audience audience) {
    found.clear();
    bool done = false;
    broadcaster.fetch(first, std::move(audience), [&](const std::vector<SocketInfo>& sockets) {
      for (const auto& socket : sockets) found.emplace(socket.id, socket.rooms);
      done = true;
    });
    first.run();
    EXPECT_FALSE(done) << "the other core has not answered";
    second.run();
    EXPECT_FALSE(done) << "the answer comes on the loop of whoever asked";
    first.run();
    EXPECT_TRUE(done);
  };
  fetch({});
  EXPECT_THAT(found, UnorderedElementsAre(Pair("a", ElementsAre("a")), Pair("b", ElementsAre("b")),
                                          Pair("c", ElementsAre("c", "room"))));
  fetch({{"room"}, {}});
  EXPECT_THAT(found, UnorderedElementsAre(Pair("c", ElementsAre("c", "room"))));
  fetch({{"nobody"}, {}});
  EXPECT_TRUE(found.empty());
}

class RecoveringBroadcasterTest : public LocalBroadcasterTest {
 protected:
  RecoveringBroadcasterTest() : LocalBroadcasterTest(Recovery()) {}

  static std::vector<std::string> texts(const std::vector<EncodedPacket>& packets) {
    std::vector<std::string> texts;
    for (const auto& packet : packets) texts.push_back(*packet.text);
    return texts;
  }
};

TEST_F(RecoveringBroadcasterTest, gives_every_event_an_offset_but_volatile_ones) {
  ASSERT_TRUE(send(first, R"(["x"])"));
  ASSERT_TRUE(broadcaster.broadcast(first, {{}, {R"(["v"])", {}}, true}));
  broadcaster.send(first, a, {R"(["only",1])", {}});
  EXPECT_THAT(a.texts, ElementsAre(R"(["x","1"])", R"(volatile ["v"])", R"(["only",1,"2"])"));
  EXPECT_THAT(b.texts, ElementsAre(R"(["x","1"])", R"(volatile ["v"])"));
}

TEST_F(RecoveringBroadcasterTest, brings_a_socket_back_on_another_core_with_each_missed_event_once) {
  ASSERT_TRUE(send(first, R"(["seen"])"));
  broadcaster.park(first, "p", a);
  broadcaster.rooms(first).remove(a);
  ASSERT_TRUE(send(first, R"(["missed"])"));
  ASSERT_TRUE(send(first, R"(["for b"])", {{"b"}, {}}));
  // The mailbox of the other core is still full: what waits there was missed as well, and not more often.
  auto back = broadcaster.recover(second, "p", "1");
  ASSERT_TRUE(back);
  EXPECT_THAT(texts(back->missed), ElementsAre(R"(["missed","2"])"));
  EXPECT_THAT(c.texts, ElementsAre(R"(["seen","1"])", R"(["missed","2"])"));
  RecordingMember returned{"a"};
  broadcaster.rooms(second).add(returned);
  second.run();
  EXPECT_TRUE(returned.texts.empty());
  ASSERT_TRUE(send(first, R"(["next"])"));
  second.run();
  EXPECT_THAT(returned.texts, ElementsAre(R"(["next","4"])"));
  broadcaster.rooms(second).remove(returned);
  EXPECT_FALSE(broadcaster.recover(first, "p", "1"));
}

TEST_F(RecoveringBroadcasterTest, sends_to_one_behind_what_waits_for_its_core) {
  ASSERT_TRUE(send(second, R"(["before"])"));
  broadcaster.send(first, a, {R"(["behind"])", {}});
  first.run();
  EXPECT_THAT(a.texts, ElementsAre(R"(["before","1"])", R"(["behind","2"])"));
}

}  // namespace
}  // namespace hawser::fanout
