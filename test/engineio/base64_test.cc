#include "engineio/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace hawser::engineio {
namespace {

struct Pair {
  std::string bytes, text;
};

const Pair kPairs[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foobar", "Zm9vYmFy"},
    {std::string("\x01\x02\x03\x04"), "AQIDBA=="},
    {std::string("\xff\xfe\xfb", 3), "//77"},
    {std::string("\0\0", 2), "AAA="},
};

std::optional<std::string> decode(std::string text) {
  const auto size = decode_base64_in_place(text);
  if (!size) return std::nullopt;
  return text.substr(0, *size);
}

TEST(Base64, encodes_and_decodes_the_known_pairs) {
  for (const auto& [bytes, text] : kPairs) {
    std::string out;
    append_base64(out, bytes);
    EXPECT_EQ(out, text);
    EXPECT_EQ(decode(text), bytes) << text;
  }
}

TEST(Base64, refuses_what_is_not_canonical) {
  for (const auto* text : {"A", "AA", "AAA", "A===", "====", "AA=A", "=AAA", "AB==", "AAB=", "A-_=", "AA A",
                           "AA\n=", "Zg==Zg=="}) {
    EXPECT_EQ(decode(text), std::nullopt) << text;
  }
}

TEST(Base64, round_trips_every_byte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    std::string text;
    append_base64(text, bytes);
    EXPECT_EQ(decode(text), bytes);
  }
}

}  // namespace
}  // namespace hawser::engineio
