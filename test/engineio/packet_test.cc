#include "engineio/packet.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace hawser::engineio {
namespace {

struct Owned {
  PacketType type;
  bool binary;
  std::string data;
  bool operator==(const Owned&) const = default;
};

void PrintTo(const Owned& packet, std::ostream* out) {
  *out << type_char(packet.type) << (packet.binary ? "b" : "") << ':' << testing::PrintToString(packet.data);
}

struct Body {
  std::vector<Owned> packets;
  bool failed;
};

Body read(std::string body) {
  PayloadReader reader(body);
  Body result{};
  while (const auto packet = reader.next()) {
    result.packets.push_back({packet->type, packet->binary, std::string(packet->data)});
  }
  result.failed = reader.failed();
  EXPECT_EQ(reader.next(), std::nullopt);
  return result;
}

TEST(Packet, decodes_each_type) {
  const std::pair<const char*, PacketType> table[] = {
      {"0{}", PacketType::open}, {"1", PacketType::close},        {"2probe", PacketType::ping},
      {"3", PacketType::pong},   {"4hello", PacketType::message}, {"5", PacketType::upgrade},
      {"6", PacketType::noop},
  };
  for (const auto& [text, type] : table) {
    const auto packet = decode_text(text);
    ASSERT_TRUE(packet) << text;
    EXPECT_EQ(packet->type, type);
    EXPECT_EQ(packet->data, std::string_view(text).substr(1));
    EXPECT_FALSE(packet->binary);
  }
}

TEST(Packet, refuses_the_empty_packet_and_unknown_types) {
  for (const std::string_view text : {"", "7", "a", "b", " 4", "/", "\xff"}) {
    EXPECT_EQ(decode_text(text), std::nullopt) << text;
  }
  EXPECT_EQ(decode_text(std::string(1, '\0')), std::nullopt);
}

TEST(Payload, holds_packets_in_order) {
  const auto body = read(
      "4hello\x1e"
      "2\x1e"
      "4\x1e"
      "bAQIDBA==\x1e"
      "4\xe2\x82\xac");
  EXPECT_FALSE(body.failed);
  const std::vector<Owned> expected = {{PacketType::message, false, "hello"},
                                       {PacketType::ping, false, ""},
                                       {PacketType::message, false, ""},
                                       {PacketType::message, true, "\x01\x02\x03\x04"},
                                       {PacketType::message, false, "\xe2\x82\xac"}};
  EXPECT_EQ(body.packets, expected);
}

TEST(Payload, accepts_an_empty_binary_message) {
  const auto body = read(
      "b\x1e"
      "4x");
  EXPECT_FALSE(body.failed);
  EXPECT_EQ(body.packets,
            (std::vector<Owned>{{PacketType::message, true, ""}, {PacketType::message, false, "x"}}));
}

TEST(Payload, gives_what_stands_before_the_malformed_packet) {
  const std::pair<std::string, std::size_t> table[] = {
      {"", 0},
      {"\x1e", 0},
      {"4a\x1e", 1},
      {"4a\x1e\x1e"
       "4b",
       1},
      {"abc", 0},
      {"4a\x1e"
       "9",
       1},
      {"4a\x1e"
       "b=",
       1},
      {"4a\x1e"
       "bAQID!",
       1},
  };
  for (const auto& [text, good] : table) {
    const auto body = read(text);
    EXPECT_TRUE(body.failed) << testing::PrintToString(text);
    EXPECT_EQ(body.packets.size(), good) << testing::PrintToString(text);
  }
}

TEST(Payload, refuses_invalid_utf8_as_a_whole) {
  for (const auto* text : {"4\xff", "4\xc0\x80", "4\xed\xa0\x80",
                           "4ok\x1e"
                           "4\xe2\x82"}) {
    const auto body = read(text);
    EXPECT_TRUE(body.failed);
    EXPECT_TRUE(body.packets.empty());
  }
}

TEST(Payload, of_a_million_tiny_packets_is_read_in_linear_time) {
  std::string text = "4";
  for (int i = 0; i < 499'999; ++i)
    text +=
        "\x1e"
        "4";
  const auto start = std::chrono::steady_clock::now();
  PayloadReader reader(text);
  std::size_t count = 0;
  while (reader.next()) ++count;
  EXPECT_EQ(count, 500'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Payload, is_built_from_packets) {
  std::string payload;
  append_to_payload(payload, {PacketType::message, false, share("hello")});
  append_to_payload(payload, {PacketType::ping, false, nullptr});
  append_to_payload(payload, {PacketType::message, true, share("\x01\x02\x03\x04")});
  append_to_payload(payload, {PacketType::message, true, nullptr});
  EXPECT_EQ(payload,
            "4hello\x1e"
            "2\x1e"
            "bAQIDBA==\x1e"
            "b");
  EXPECT_FALSE(read(payload).failed);
}

}  // namespace
}  // namespace hawser::engineio
