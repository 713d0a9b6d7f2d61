#include "socketio/arguments.h"

#include <gtest/gtest.h>

#include "socketio/packet.h"

namespace hawser::socketio {
namespace {

std::string text_of(const EncodedPacket& packet) {
  return *packet.text;
}

TEST(ArgumentsTest, join_the_values_of_an_event_and_of_an_ack) {
  EXPECT_EQ(Arguments().take().json, "[]");
  EXPECT_EQ(Arguments().add("1").add("null").take().json, "[1,null]");
  EXPECT_EQ(Arguments("e").take().json, R"(["e"])");
  EXPECT_EQ(Arguments("a\"b").add("{}").take().json, R"(["a\"b",{}])");
}

TEST(ArgumentsTest, put_placeholders_where_bytes_stand) {
  auto payload = Arguments("e").add_binary(share("ab")).add("1").add_binary(share("")).take();
  EXPECT_EQ(payload.json, R"(["e",{"_placeholder":true,"num":0},1,{"_placeholder":true,"num":1}])");
  ASSERT_EQ(payload.attachments.size(), 2U);
  EXPECT_EQ(*payload.attachments[0], "ab");
  EXPECT_EQ(*payload.attachments[1], "");
  EXPECT_TRUE(decode(*encode_event("/", std::move(payload)).text)) << "our own reader takes it";
}

TEST(ArgumentsTest, relay_what_was_received_byte_for_byte) {
  const auto packet = decode(R"(51-["in", {"a" : {"_placeholder":true,"num":0}},-0,1e400,"\ud800"])");
  ASSERT_TRUE(packet);
  const auto bytes = share("xyz");
  auto payload = Arguments("out").relay(packet->arguments(), {bytes}).add_binary(share("more")).take();
  EXPECT_EQ(payload.json, R"(["out",{"a" : {"_placeholder":true,"num":0}},-0,1e400,"\ud800",)"
                          R"({"_placeholder":true,"num":1}])");
  EXPECT_EQ(payload.attachments[0], bytes) << "shared, not copied";
}

TEST(ArgumentsTest, make_a_binary_packet_only_with_attachments) {
  EXPECT_EQ(text_of(encode_event("/", Arguments("e").add("1").take())), R"(2["e",1])");
  EXPECT_EQ(text_of(encode_event("/c", Arguments("e").take(), 7)), R"(2/c,7["e"])");
  EXPECT_EQ(text_of(encode_ack("/c", 7, Arguments().add("1").take())), "3/c,7[1]");
  EXPECT_EQ(text_of(encode_event("/c", Arguments("e").add_binary(share("x")).take(), 0)),
            R"(51-/c,0["e",{"_placeholder":true,"num":0}])");
  const auto ack = encode_ack("/", 12, Arguments().add_binary(share("x")).take());
  EXPECT_EQ(text_of(ack), R"(61-12[{"_placeholder":true,"num":0}])");
  EXPECT_EQ(*ack.attachments.at(0), "x");
}

}  // namespace
}  // namespace hawser::socketio
