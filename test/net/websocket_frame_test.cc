#include "net/websocket_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/deflate.h"
#include "net/websocket_handshake.h"
#include "test/support/raw_client.h"

namespace hawser::net {
namespace {

using Kind = FrameEvent::Kind;
using test::RawClient;

constexpr std::size_t kMaxMessage = 1000;

struct Seen {
  Kind kind;
  std::string data;
  std::uint16_t code;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << static_cast<int>(seen.kind) << ' ' << testing::PrintToString(seen.data) << ' ' << seen.code;
}

/// Feeds `bytes` in pieces of `piece` bytes and stops at an error.
std::vector<Seen> read(FrameReader& reader, std::string bytes, std::size_t piece) {
  std::vector<Seen> events;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto input = std::span(bytes).subspan(at, std::min(piece, bytes.size() - at));
    while (true) {
      const auto event = reader.next(input);
      if (event.kind == Kind::none) break;
      events.push_back({event.kind, std::string(event.data), event.code});
      if (event.kind == Kind::error) return events;
    }
    EXPECT_TRUE(input.empty());
  }
  return events;
}

std::vector<Seen> read(const std::string& bytes, std::size_t piece, std::size_t max_fragments = 100) {
  FrameReader reader(kMaxMessage, max_fragments);
  return read(reader, bytes, piece);
}

/// With permessage-deflate.
std::vector<Seen> read_deflated(const std::string& bytes, std::size_t piece) {
  Inflater inflater;
  FrameReader reader(kMaxMessage);
  reader.inflate_with(inflater);
  return read(reader, bytes, piece);
}

std::string deflated(const std::string& text) {
  Deflater deflater(15);
  const auto bytes = deflater.deflate("", text);
  EXPECT_TRUE(bytes) << text.size();
  return bytes ? *bytes : "";
}

std::string masked(int first_byte, std::string_view payload) {
  return RawClient::frame(first_byte, payload);
}

std::string header_only(int first_byte, std::string_view length) {
  return std::string(1, static_cast<char>(first_byte)).append(length).append("\x11\x22\x33\x44");
}

struct Row {
  std::string name;
  std::string bytes;
  std::vector<Seen> expected;
};

std::vector<Row> rows() {
  const std::string large(300, 'x');
  const std::string full(kMaxMessage, 'y');
  return {
      {"text", masked(0x81, "hello"), {{Kind::text, "hello", 0}}},
      {"empty text", masked(0x81, ""), {{Kind::text, "", 0}}},
      {"binary", masked(0x82, std::string("\0\xff", 2)), {{Kind::binary, std::string("\0\xff", 2), 0}}},
      {"two frames", masked(0x81, "a") + masked(0x82, "b"), {{Kind::text, "a", 0}, {Kind::binary, "b", 0}}},
      {"16-bit length", masked(0x81, large), {{Kind::text, large, 0}}},
      {"largest message", masked(0x82, full), {{Kind::binary, full, 0}}},
      {"long form of a short length",
       header_only(0x81, std::string("\xfe\0\x01", 3)) + std::string(1, 'a' ^ 0x11),
       {{Kind::text, "a", 0}}},
      {"fragments",
       masked(0x01, "he") + masked(0x00, "l") + masked(0x00, "") + masked(0x80, "lo"),
       {{Kind::text, "hello", 0}}},
      {"character split over fragments",
       masked(0x01, "\xe2\x82") + masked(0x80, "\xac"),
       {{Kind::text, "\xe2\x82\xac", 0}}},
      {"control frames between fragments",
       masked(0x02, "a") + masked(0x89, "ping") + masked(0x00, "b") + masked(0x8a, "") + masked(0x80, "c"),
       {{Kind::ping, "ping", 0}, {Kind::pong, "", 0}, {Kind::binary, "abc", 0}}},
      {"largest ping", masked(0x89, std::string(125, 'p')), {{Kind::ping, std::string(125, 'p'), 0}}},
      {"close without code", masked(0x88, ""), {{Kind::close, "", 1005}}},
      {"close with code", masked(0x88, "\x03\xe8"), {{Kind::close, "", 1000}}},
      {"close with reason",
       masked(0x88,
              "\x03\xe9"
              "bye"),
       {{Kind::close, "bye", 1001}}},
      {"close with an application's code", masked(0x88, "\x0f\xa0"), {{Kind::close, "", 4000}}},

      {"unmasked",
       std::string("\x81\x01"
                   "a"),
       {{Kind::error, "", 1002}}},
      {"RSV1", masked(0xc1, "a"), {{Kind::error, "", 1002}}},
      {"RSV2", masked(0xa1, "a"), {{Kind::error, "", 1002}}},
      {"RSV3", masked(0x91, "a"), {{Kind::error, "", 1002}}},
      {"opcode 3", masked(0x83, "a"), {{Kind::error, "", 1002}}},
      {"opcode 7", masked(0x87, "a"), {{Kind::error, "", 1002}}},
      {"opcode 11", masked(0x8b, "a"), {{Kind::error, "", 1002}}},
      {"opcode 15", masked(0x8f, "a"), {{Kind::error, "", 1002}}},
      {"long ping", masked(0x89, std::string(126, 'p')), {{Kind::error, "", 1002}}},
      {"fragmented ping", masked(0x09, "p"), {{Kind::error, "", 1002}}},
      {"continuation of nothing", masked(0x80, "a"), {{Kind::error, "", 1002}}},
      {"continuation after a whole message",
       masked(0x81, "a") + masked(0x80, "b"),
       {{Kind::text, "a", 0}, {Kind::error, "", 1002}}},
      {"new message inside a fragmented one",
       masked(0x01, "a") + masked(0x81, "b"),
       {{Kind::error, "", 1002}}},
      {"close of one byte", masked(0x88, "\x03"), {{Kind::error, "", 1002}}},
      {"close with code 999", masked(0x88, "\x03\xe7"), {{Kind::error, "", 1002}}},
      {"close with code 1004", masked(0x88, "\x03\xec"), {{Kind::error, "", 1002}}},
      {"close with code 1005", masked(0x88, "\x03\xed"), {{Kind::error, "", 1002}}},
      {"close with code 1006", masked(0x88, "\x03\xee"), {{Kind::error, "", 1002}}},
      {"close with code 2999", masked(0x88, "\x0b\xb7"), {{Kind::error, "", 1002}}},
      {"close with code 5000", masked(0x88, "\x13\x88"), {{Kind::error, "", 1002}}},
      {"close with a bad reason", masked(0x88, "\x03\xe8\xff"), {{Kind::error, "", 1007}}},
      {"overlong UTF-8", masked(0x81, "\xc0\xaf"), {{Kind::error, "", 1007}}},
      {"surrogate in UTF-8", masked(0x81, "\xed\xa0\x80"), {{Kind::error, "", 1007}}},
      {"cut UTF-8", masked(0x81, "ok\xe2\x82"), {{Kind::error, "", 1007}}},
      {"bad UTF-8 over fragments", masked(0x01, "\xe2") + masked(0x80, "x"), {{Kind::error, "", 1007}}},
      {"too large, decided on the header",
       header_only(0x82, std::string("\xfe\x03\xe9", 3)),
       {{Kind::error, "", 1009}}},
      {"too large in sum", masked(0x02, full) + header_only(0x80, "\x81"), {{Kind::error, "", 1009}}},
      {"64-bit length",
       header_only(0x82, std::string("\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 9)),
       {{Kind::error, "", 1009}}},
      {"64-bit length with the top bit",
       header_only(0x82, std::string("\xff\x80\0\0\0\0\0\0\0", 9)),
       {{Kind::error, "", 1002}}},
  };
}

TEST(FrameReader, reads_whole_input) {
  for (const auto& row : rows()) EXPECT_EQ(read(row.bytes, row.bytes.size()), row.expected) << row.name;
}

TEST(FrameReader, reads_the_same_in_pieces_of_any_size) {
  for (const auto& row : rows()) {
    for (std::size_t piece = 1; piece < 20; ++piece) {
      EXPECT_EQ(read(row.bytes, piece), row.expected) << row.name << " in pieces of " << piece;
    }
  }
}

std::vector<Row> deflated_rows() {
  const std::string hello = "\xf2\x48\xcd\xc9\xc9\x07" + std::string(1, '\0');
  const std::string full(kMaxMessage, 'y');
  const std::string invalid(500, '\xff');
  const std::string stored = std::string(1, '\0') + "\xe8\x03\x17\xfc" + full + '\0';
  return {
      {"compressed text", masked(0xc1, hello), {{Kind::text, "Hello", 0}}},
      {"compressed bytes", masked(0xc2, hello), {{Kind::binary, "Hello", 0}}},
      {"two messages",
       masked(0xc1, hello) + masked(0xc1, hello),
       {{Kind::text, "Hello", 0}, {Kind::text, "Hello", 0}}},
      {"with plain ones between",
       masked(0x81, "a") + masked(0xc1, hello) + masked(0x82, "b"),
       {{Kind::text, "a", 0}, {Kind::text, "Hello", 0}, {Kind::binary, "b", 0}}},
      {"fragments",
       masked(0x41, hello.substr(0, 3)) + masked(0x00, "") + masked(0x00, hello.substr(3, 2)) +
           masked(0x80, hello.substr(5)),
       {{Kind::text, "Hello", 0}}},
      {"control frames between",
       masked(0x41, hello.substr(0, 3)) + masked(0x89, "p") + masked(0x80, hello.substr(3)) +
           masked(0x88, ""),
       {{Kind::ping, "p", 0}, {Kind::text, "Hello", 0}, {Kind::close, "", 1005}}},
      {"an empty message", masked(0xc1, std::string(1, '\0')), {{Kind::text, "", 0}}},
      {"the largest message", masked(0xc2, deflated(full)), {{Kind::binary, full, 0}}},
      {"the largest message, larger on the wire", masked(0xc2, stored), {{Kind::binary, full, 0}}},
      {"a character split over fragments",
       masked(0x41, deflated(std::string(400, 'x') + "\xe2\x82\xac").substr(0, 4)) +
           masked(0x80, deflated(std::string(400, 'x') + "\xe2\x82\xac").substr(4)),
       {{Kind::text, std::string(400, 'x') + "\xe2\x82\xac", 0}}},

      {"one byte too large", masked(0xc2, deflated(full + 'y')), {{Kind::error, "", 1009}}},
      {"a bomb", masked(0xc2, deflated(std::string(900'000, '\0'))), {{Kind::error, "", 1009}}},
      {"a bomb in fragments",
       masked(0x42, deflated(std::string(900'000, '\0')).substr(0, 500)) +
           masked(0x80, deflated(std::string(900'000, '\0')).substr(500)),
       {{Kind::error, "", 1009}}},
      {"too large on the wire", header_only(0xc2, std::string("\xfe\x04\x29", 3)), {{Kind::error, "", 1009}}},
      {"damaged", masked(0xc1, "\xff\xff\xff"), {{Kind::error, "", 1007}}},
      {"cut", masked(0xc1, hello.substr(0, 4)), {{Kind::error, "", 1007}}},
      {"nothing", masked(0xc1, ""), {{Kind::error, "", 1007}}},
      {"bad UTF-8, seen after inflating", masked(0xc1, deflated(invalid)), {{Kind::error, "", 1007}}},
      {"but bytes may be anything", masked(0xc2, deflated(invalid)), {{Kind::binary, invalid, 0}}},
      {"RSV1 on a continuation", masked(0x41, hello) + masked(0xc0, ""), {{Kind::error, "", 1002}}},
      {"RSV1 first on a continuation", masked(0x01, "a") + masked(0xc0, hello), {{Kind::error, "", 1002}}},
      {"RSV1 on a ping", masked(0xc9, ""), {{Kind::error, "", 1002}}},
      {"RSV1 on a pong", masked(0xca, ""), {{Kind::error, "", 1002}}},
      {"RSV1 on a close", masked(0xc8, ""), {{Kind::error, "", 1002}}},
      {"RSV1 with RSV2", masked(0xe1, hello), {{Kind::error, "", 1002}}},
      {"RSV3 alone", masked(0x91, hello), {{Kind::error, "", 1002}}},
      {"RSV1 on a reserved opcode", masked(0xc3, hello), {{Kind::error, "", 1002}}},
  };
}

TEST(FrameReader, inflates_what_is_compressed_once_that_is_negotiated) {
  for (const auto& row : deflated_rows()) {
    EXPECT_EQ(read_deflated(row.bytes, row.bytes.size()), row.expected) << row.name;
    for (const std::size_t piece : {1, 2, 3, 7, 100}) {
      EXPECT_EQ(read_deflated(row.bytes, piece), row.expected) << row.name << " in pieces of " << piece;
    }
  }
}

TEST(FrameReader, reads_uncompressed_messages_the_same_with_the_extension) {
  for (const auto& row : rows()) {
    if (row.name == "RSV1") continue;
    EXPECT_EQ(read_deflated(row.bytes, 5), row.expected) << row.name;
  }
}

TEST(FrameReader, knows_whether_a_message_is_unfinished) {
  FrameReader reader(kMaxMessage);
  EXPECT_FALSE(reader.is_within_message());
  const std::pair<std::string, bool> steps[] = {
      {masked(0x81, "whole"), false},
      {std::string(1, '\x81'), true},
      {masked(0x81, "a").substr(1, 5), true},
      {masked(0x81, "a").substr(6), false},
      {masked(0x01, ""), true},
      {masked(0x89, "ping"), true},
      {masked(0x00, "b"), true},
      {masked(0x80, ""), false},
      {masked(0x89, "ping"), false},
  };
  for (const auto& [bytes, unfinished] : steps) {
    read(reader, bytes, bytes.size());
    EXPECT_EQ(reader.is_within_message(), unfinished) << testing::PrintToString(bytes);
  }
}

TEST(FrameReader, a_hundred_thousand_fragments_are_too_many_however_small) {
  for (const auto* between : {"", "ping"}) {
    for (const auto* content : {"", "x"}) {
      std::string bytes = masked(0x01, "");
      for (int i = 0; i < 100'000; ++i) {
        bytes += masked(0x00, content);
        if (*between != '\0') bytes += masked(0x89, between);
      }
      FrameReader reader(1'000'000);
      const auto events = read(reader, bytes, 64 * 1024);
      EXPECT_EQ(events.back(), (Seen{Kind::error, "", 1009}));
      EXPECT_LE(events.size(), limits::kMaxFragments + 1);
    }
  }
}

TEST(FrameReader, bounds_the_number_of_fragments) {
  std::string bytes = masked(0x01, "");
  for (int i = 0; i < 9; ++i) bytes += masked(0x00, "");
  EXPECT_EQ(read(bytes + masked(0x80, "a"), 7, 11), (std::vector<Seen>{{Kind::text, "a", 0}}));
  EXPECT_EQ(read(bytes + masked(0x80, "a"), 7, 10), (std::vector<Seen>{{Kind::error, "", 1009}}));
}

TEST(FrameEncoder, writes_the_shortest_header) {
  const std::pair<std::size_t, std::string> table[] = {
      {0, std::string("\x81\0", 2)},
      {125, "\x81\x7d"},
      {126, std::string("\x81\x7e\0\x7e", 4)},
      {65535, "\x81\x7e\xff\xff"},
      {65536, std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10)},
  };
  for (const auto& [size, expected] : table) {
    std::array<char, kMaxFrameHeader> header{};
    const auto used = encode_frame_header(header, Opcode::text, size);
    EXPECT_EQ(std::string(header.data(), used), expected) << size;
  }
  std::array<char, kMaxFrameHeader> header{};
  EXPECT_EQ(encode_frame_header(header, Opcode::text, 5, true), 2U);
  EXPECT_EQ(header[0], '\xc1') << "RSV1 marks a compressed message";
  EXPECT_EQ(encode_close(1001, ""), "\x88\x02\x03\xe9");
  EXPECT_EQ(encode_close(1001, "bye"),
            "\x88\x05\x03\xe9"
            "bye");
  const std::string longest(kMaxCloseReason, 'x');
  EXPECT_EQ(encode_close(1001, longest), "\x88\x7d\x03\xe9" + longest);
}

TEST(WebSocketHandshake, answers_the_key_of_the_standards_example) {
  const auto answer = switching_protocols("dGhlIHNhbXBsZSBub25jZQ==", std::nullopt);
  EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Extensions"), std::string::npos);
  EXPECT_NE(switching_protocols("dGhlIHNhbXBsZSBub25jZQ==", DeflateTerms{})
                .find("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                      "client_no_context_takeover\r\n\r\n"),
            std::string::npos);
}

TEST(WebSocketHandshake, wants_sixteen_bytes_in_base64_as_key) {
  EXPECT_TRUE(is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const auto* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25j!Q=="}) {
    EXPECT_FALSE(is_websocket_key(key)) << key;
  }
}

}  // namespace
}  // namespace hawser::net
