#include "fanout/rooms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "test/fanout/recording_member.h"

namespace hawser::fanout {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class RoomsTest : public testing::Test {
 protected:
  RoomsTest() {
    for (auto* member : {&a, &b, &c}) rooms.add(*member);
  }
  void join(Member& member, std::initializer_list<const char*> names) {
    for (const auto* name : names) ASSERT_TRUE(rooms.join(member, name));
  }
  std::vector<std::string> ids(Audience audience) const {
    std::vector<std::string> ids;
    for (auto* member : rooms.select(audience)) ids.push_back(member->id());
    return ids;
  }

  RecordingMember a{"a"}, b{"b"}, c{"c"};
  Rooms rooms;
};

TEST_F(RoomsTest, reach_everybody_when_no_room_is_named) {
  EXPECT_THAT(ids({}), UnorderedElementsAre("a", "b", "c"));
  EXPECT_THAT(ids({{}, {"b"}}), UnorderedElementsAre("a", "c"));
}

TEST_F(RoomsTest, put_every_socket_in_the_room_of_its_id) {
  EXPECT_THAT(ids({{"b"}, {}}), ElementsAre("b"));
  EXPECT_THAT(rooms.rooms_of(b), ElementsAre("b"));
}

TEST_F(RoomsTest, reach_a_socket_once_however_many_of_its_rooms_are_named) {
  join(a, {"x", "y"});
  join(b, {"y"});
  EXPECT_THAT(ids({{"x", "y", "a", "nobody"}, {}}), UnorderedElementsAre("a", "b"));
  EXPECT_THAT(ids({{"y", "y"}, {}}), UnorderedElementsAre("a", "b"));
}

TEST_F(RoomsTest, leave_out_whoever_is_in_an_excepted_room) {
  join(a, {"x", "quiet"});
  join(b, {"x"});
  EXPECT_THAT(ids({{"x"}, {"quiet"}}), ElementsAre("b"));
  EXPECT_THAT(ids({{"x", "c"}, {"b", "c"}}), ElementsAre("a"));
  EXPECT_THAT(ids({{}, {"a", "b", "c"}}), IsEmpty());
}

TEST_F(RoomsTest, are_joined_once_and_left) {
  join(a, {"x", "x"});
  EXPECT_THAT(rooms.rooms_of(a), ElementsAre("a", "x"));
  rooms.leave(a, "x");
  rooms.leave(a, "never joined");
  EXPECT_THAT(rooms.rooms_of(a), ElementsAre("a"));
  EXPECT_THAT(ids({{"x"}, {}}), IsEmpty());
}

TEST_F(RoomsTest, forget_a_socket_that_goes_and_rooms_without_sockets) {
  join(a, {"x"});
  join(b, {"x"});
  EXPECT_EQ(rooms.rooms(), 4U);
  rooms.remove(a);
  EXPECT_THAT(ids({{"x"}, {}}), ElementsAre("b"));
  EXPECT_THAT(ids({{"a"}, {}}), IsEmpty());
  rooms.remove(b);
  rooms.remove(b);
  rooms.remove(c);
  EXPECT_EQ(rooms.rooms(), 0U);
  EXPECT_EQ(rooms.size(), 0U);
}

TEST_F(RoomsTest, are_bounded_a_socket) {
  for (std::size_t i = 1; i < limits::kMaxRoomsPerSocket; ++i) {
    ASSERT_TRUE(rooms.join(a, "room " + std::to_string(i)));
  }
  EXPECT_EQ(rooms.join(a, "one more").error().code, Errc::bad_request);
  EXPECT_TRUE(rooms.join(a, "room 1")) << "it is in there already";
  EXPECT_TRUE(rooms.join(b, "one more"));
  EXPECT_TRUE(rooms.join(b, std::string(limits::kMaxRoomName, 'x')));
  EXPECT_EQ(rooms.join(b, std::string(limits::kMaxRoomName + 1, 'x')).error().code, Errc::bad_request);
}

TEST(AudienceTest, says_whether_it_includes_a_socket_by_its_rooms) {
  EXPECT_TRUE(Audience{}.includes({}));
  EXPECT_TRUE((Audience{{"x"}, {}}.includes({"a", "x"})));
  EXPECT_FALSE((Audience{{"x"}, {}}.includes({"a"})));
  EXPECT_FALSE((Audience{{"x"}, {"a"}}.includes({"a", "x"})));
  EXPECT_FALSE((Audience{{}, {"a"}}.includes({"a"})));
}

}  // namespace
}  // namespace hawser::fanout
