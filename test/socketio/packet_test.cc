#include "socketio/packet.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace hawser::socketio {
namespace {

struct Example {
  std::string text;
  PacketType type;
  std::string nsp;
  std::optional<std::uint64_t> id;
  std::size_t attachments;
  std::string payload;
  std::string event;
};

class PacketExamples : public testing::TestWithParam<Example> {};

TEST_P(PacketExamples, are_decoded) {
  const auto& expected = GetParam();
  const auto packet = decode(expected.text);
  ASSERT_TRUE(packet) << expected.text << ": " << packet.error().message;
  EXPECT_EQ(packet->type, expected.type);
  EXPECT_EQ(packet->nsp, expected.nsp);
  EXPECT_EQ(packet->id, expected.id);
  EXPECT_EQ(packet->attachments, expected.attachments);
  EXPECT_EQ(packet->payload, expected.payload);
  EXPECT_EQ(packet->event, expected.event);
}

TEST_P(PacketExamples, are_encoded_so_that_they_decode_the_same) {
  const auto packet = decode(GetParam().text);
  const auto text = encode(*packet);
  const auto again = decode(text);
  ASSERT_TRUE(again) << text;
  EXPECT_EQ(again->nsp, packet->nsp);
  EXPECT_EQ(again->id, packet->id);
  EXPECT_EQ(again->payload, packet->payload);
}

INSTANTIATE_TEST_SUITE_P(
    FromTheWire, PacketExamples,
    testing::Values(
        Example{"0", PacketType::connect, "/", {}, 0, "", ""},
        Example{R"(0{"token":"x"})", PacketType::connect, "/", {}, 0, R"({"token":"x"})", ""},
        Example{R"(0{"sid":"FqUsfVIoMCrmy31wAAAO"})",
                PacketType::connect,
                "/",
                {},
                0,
                R"({"sid":"FqUsfVIoMCrmy31wAAAO"})",
                ""},
        Example{"0/custom", PacketType::connect, "/custom", {}, 0, "", ""},
        Example{"0/custom,", PacketType::connect, "/custom", {}, 0, "", ""},
        Example{R"(0/custom,{"sid":"a"})", PacketType::connect, "/custom", {}, 0, R"({"sid":"a"})", ""},
        Example{"1", PacketType::disconnect, "/", {}, 0, "", ""},
        Example{"1/custom,", PacketType::disconnect, "/custom", {}, 0, "", ""},
        Example{"1/custom", PacketType::disconnect, "/custom", {}, 0, "", ""},
        Example{R"(2["message",1,"2",{"3":[true]}])",
                PacketType::event,
                "/",
                {},
                0,
                R"(["message",1,"2",{"3":[true]}])",
                "message"},
        Example{R"(2456["ask",1])", PacketType::event, "/", 456, 0, R"(["ask",1])", "ask"},
        Example{R"(2/custom,12["x"])", PacketType::event, "/custom", 12, 0, R"(["x"])", "x"},
        Example{R"(20["a\u0062\ud800"])", PacketType::event, "/", 0, 0, R"(["a\u0062\ud800"])", "ab\uFFFD"},
        Example{"2[7,1]", PacketType::event, "/", {}, 0, "[7,1]", "7"},
        Example{"3456[1]", PacketType::ack, "/", 456, 0, "[1]", ""},
        Example{"318446744073709551615[]", PacketType::ack, "/", 18446744073709551615ULL, 0, "[]", ""},
        Example{R"(4/random,{"message":"Invalid namespace"})",
                PacketType::connect_error,
                "/random",
                {},
                0,
                R"({"message":"Invalid namespace"})",
                ""},
        Example{R"(52-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])",
                PacketType::binary_event,
                "/",
                {},
                2,
                R"(["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])",
                "message"},
        Example{R"(51-/chat,7["x",[{"y":{"num":0,"_placeholder":true}}]])", PacketType::binary_event, "/chat",
                7, 1, R"(["x",[{"y":{"num":0,"_placeholder":true}}]])", "x"},
        Example{R"(62-789[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])",
                PacketType::binary_ack, "/", 789, 2,
                R"([{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])", ""}));

class BadPackets : public testing::TestWithParam<std::string> {};

TEST_P(BadPackets, are_refused) {
  const auto packet = decode(GetParam());
  ASSERT_FALSE(packet) << GetParam();
  EXPECT_EQ(packet.error().code, Errc::bad_request);
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, BadPackets,
    testing::Values("", "7", "abc", "0[]", "0\"x\"", "0{", "00{}", "1[]", "1{}", "15", "2", "2{}", "2[]",
                    "2[{}]", "2[null]", "2abc[\"x\"]", "2[\"x\"]y", "2 [\"x\"]", "21 [\"x\"]",
                    "218446744073709551616[\"x\"]", "2-1[\"x\"]", "3[1]", "3", "31", "31{}", "4", "4[]",
                    "41{}", "5[\"x\"]", "5-[\"x\"]", "50-[\"x\"]", "511-[\"x\"]",
                    "599999999999999999999999-[\"x\"]", "51[\"x\"]", "61-[1]",
                    R"(51-["x",{"_placeholder":true,"num":1}])", R"(51-["x",{"_placeholder":true,"num":-1}])",
                    R"(51-["x",{"_placeholder":true,"num":"0"}])", R"(51-["x",{"_placeholder":true}])",
                    R"(51-["x",{"a":[{"\u005fplaceholder":true,"num":3}]}])",
                    R"(51-["x",{"_placeholder":true,"num":0,"num":9}])", R"(2["connect"])",
                    R"(2["connect_error"])", R"(2["disconnect"])", R"(2["disconnecting"])",
                    R"(2["newListener"])", R"(2["removeListener"])", "2[\"\xff\"]"));

TEST(Packet, has_bounded_names_and_nesting) {
  const std::string longest(limits::kMaxEventName, 'n');
  EXPECT_TRUE(decode("2[\"" + longest + "\"]"));
  EXPECT_FALSE(decode("2[\"" + longest + "n\"]"));
  const auto nested = [](std::size_t depth) {
    return "2[\"x\"," + std::string(depth, '[') + std::string(depth, ']') + "]";
  };
  EXPECT_TRUE(decode(nested(limits::kMaxJsonDepth - 1)));
  EXPECT_FALSE(decode(nested(limits::kMaxJsonDepth)));
}

TEST(Packet, gives_the_arguments_behind_the_event_name) {
  auto arguments = decode(R"(2["x",1,{"a":[2]}])")->arguments();
  EXPECT_EQ(arguments.next()->raw(), "1");
  EXPECT_EQ(arguments.next()->raw(), R"({"a":[2]})");
  EXPECT_FALSE(arguments.next());
  auto ack = decode("31[4]")->arguments();
  EXPECT_EQ(ack.next()->raw(), "4");
}

TEST(Packet, is_written_from_its_parts) {
  EXPECT_EQ(encode_connect("/", ""), "0");
  EXPECT_EQ(encode_connect("/custom", R"({"sid":"a"})"), R"(0/custom,{"sid":"a"})");
  EXPECT_EQ(encode_disconnect("/"), "1");
  EXPECT_EQ(encode_disconnect("/custom"), "1/custom,");
  EXPECT_EQ(encode_connect_error("/random", "Invalid namespace"),
            R"(4/random,{"message":"Invalid namespace"})");
  EXPECT_EQ(encode_connect_error("/", "no", R"({"a":1})"), R"(4{"message":"no","data":{"a":1}})");
  EXPECT_EQ(encode_event("/", "message", {"1", R"("2")"}), R"(2["message",1,"2"])");
  EXPECT_EQ(encode_event("/chat", "x", {}, 7), R"(2/chat,7["x"])");
  EXPECT_EQ(encode_ack("/", 456, {"1", "null"}), "3456[1,null]");
  EXPECT_EQ(encode_ack("/", 0, {}), "30[]");
}

}  // namespace
}  // namespace hawser::socketio
