#include "net/deflate.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace hawser::net {
namespace {

using Outcome = Inflater::Outcome;

constexpr std::size_t kMax = 100'000;

std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 3) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// A stream of one stored, final block.
std::string final_block(const std::string& text) {
  std::string block(1, '\x01');
  const auto size = static_cast<unsigned>(text.size());
  for (const unsigned part : {size, ~size}) {
    block += static_cast<char>(part & 0xffU);
    block += static_cast<char>(part >> 8U & 0xffU);
  }
  return block + text;
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

TEST(Inflater, reads_the_examples_of_the_standard) {
  Inflater inflater;
  const std::pair<std::string, std::string> table[] = {
      {"f2 48 cd c9 c9 07 00", "Hello"},                    // 7.2.3.1
      {"00 05 00 fa ff 48 65 6c 6c 6f 00", "Hello"},        // 7.2.3.3
      {"f3 48 cd c9 c9 07 00 00", "Hello"},                 // 7.2.3.4, a final block
      {"f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "Hello"},  // 7.2.3.5, two blocks
      {"00", ""},                                           // 7.2.3.6
      {"02 00", ""},
  };
  for (const auto& [bytes, text] : table) {
    const auto result = inflater.inflate(hex(bytes), kMax);
    EXPECT_EQ(result.outcome, Outcome::done) << bytes;
    EXPECT_EQ(result.data, text) << bytes;
  }
}

TEST(Inflater, every_message_stands_alone) {
  Inflater inflater;
  // 7.2.3.2: the second message refers to the first one's window, which a client must not do here.
  EXPECT_EQ(inflater.inflate(hex("f2 48 cd c9 c9 07 00"), kMax).data, "Hello");
  EXPECT_EQ(inflater.inflate(hex("f2 00 11 00 00"), kMax).outcome, Outcome::corrupt);
  EXPECT_EQ(inflater.inflate(hex("f2 48 cd c9 c9 07 00"), kMax).data, "Hello") << "and harms no later one";
}

TEST(Inflater, refuses_damaged_and_cut_messages) {
  Inflater inflater;
  Deflater deflater(15);
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i * i) + ' ';
  const auto whole = deflater.deflate("", text);
  ASSERT_TRUE(whole);
  for (std::size_t size = 0; size < whole->size(); ++size) {
    EXPECT_EQ(inflater.inflate(std::string_view(*whole).substr(0, size), kMax).outcome, Outcome::corrupt)
        << size;
  }
  for (const auto* bytes : {"", "07", "00 05 00 fa fe 48 65 6c 6c 6f 00", "ff ff ff ff"}) {
    EXPECT_EQ(inflater.inflate(hex(bytes), kMax).outcome, Outcome::corrupt) << bytes;
  }
  EXPECT_EQ(inflater.inflate(final_block("end"), kMax).outcome, Outcome::corrupt)
      << "nothing behind a final block";
  EXPECT_EQ(inflater.inflate(final_block("end") + '\0', kMax).data, "end");
  EXPECT_EQ(inflater.inflate(final_block("a") + final_block("b") + '\0', kMax).data, "ab");
}

TEST(Inflater, allows_exactly_the_limit) {
  Inflater inflater;
  Deflater deflater(15);
  for (const std::size_t size : {std::size_t{1'000}, std::size_t{16 * 1024}, std::size_t{65'536}, kMax}) {
    const std::string text(size, 'x');
    const auto compressed = deflater.deflate("", text);
    ASSERT_TRUE(compressed);
    EXPECT_EQ(inflater.inflate(*compressed, size).data, text);
    EXPECT_EQ(inflater.inflate(*compressed, size - 1).outcome, Outcome::too_big);
  }
}

TEST(Inflater, stops_a_bomb_at_the_limit) {
  // 64 MiB of zeros in 64 KiB, and the same again in many small streams.
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  const std::string zeros(1 << 20, '\0');
  std::string bomb(1 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  for (int i = 0; i < 64; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(zeros.size());
    ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  }
  bomb.resize(bomb.size() - stream.avail_out - 4);
  deflateEnd(&stream);
  ASSERT_LT(bomb.size(), 100'000U);
  Inflater inflater;
  EXPECT_EQ(inflater.inflate(bomb, kMax).outcome, Outcome::too_big);
  EXPECT_EQ(inflater.inflate(bomb, 0).outcome, Outcome::too_big);
  std::string streams;
  for (int i = 0; i < 10'000; ++i) streams += final_block(std::string(100, 'x'));
  EXPECT_EQ(inflater.inflate(streams, kMax).outcome, Outcome::too_big);
}

TEST(Deflater, what_it_writes_is_read_again_with_any_window) {
  Inflater inflater;
  for (int bits = 9; bits <= 15; ++bits) {
    Deflater deflater(bits);
    for (const std::size_t size : {1U, 100U, 1'023U, 5'000U, 40'000U, 90'000U}) {
      std::string text;
      while (text.size() < size) text += "{\"sequence\":" + std::to_string(text.size()) + "},";
      const auto compressed = deflater.deflate("4", text);
      if (!compressed) {
        EXPECT_LT(size, 100U);
        continue;
      }
      EXPECT_LT(compressed->size(), text.size());
      EXPECT_EQ(inflater.inflate(*compressed, kMax).data, "4" + text) << bits;
    }
  }
}

TEST(Deflater, keeps_to_the_window_that_was_asked_for) {
  // The second half repeats the first from 2000 bytes back, which a window of 2^9 does not reach.
  const auto half = noise(2'000);
  EXPECT_EQ(Deflater(9).deflate("", half + half), nullptr);
  EXPECT_NE(Deflater(12).deflate("", half + half), nullptr);
}

TEST(Deflater, gives_up_on_what_does_not_shrink) {
  Deflater deflater(15);
  EXPECT_EQ(deflater.deflate("", noise(5'000)), nullptr);
  EXPECT_EQ(deflater.deflate("4", "a"), nullptr);
  EXPECT_NE(deflater.deflate("", std::string(5'000, 'x')), nullptr) << "and is fit for the next one";
}

TEST(MessageDeflate, compresses_a_message_once_for_all_its_readers) {
  MessageDeflate deflate;
  const auto message = share(std::string(2'000, 'x'));
  const auto first = deflate.compress("4", message, 15);
  ASSERT_TRUE(first);
  EXPECT_EQ(deflate.compress("4", message, 15), first);
  EXPECT_EQ(deflate.inflater().inflate(*first, kMax).data, "4" + *message);
  const auto binary = deflate.compress("", message, 15);
  EXPECT_EQ(deflate.inflater().inflate(*binary, kMax).data, *message);
  EXPECT_NE(deflate.compress("4", message, 9), first) << "another window";
  EXPECT_NE(deflate.compress("4", share(*message), 15), first) << "other bytes, although they look alike";
  std::vector<SharedBytes> others;
  for (int i = 0; i < 1'000; ++i) {
    others.push_back(share(std::string(2'000, static_cast<char>('a' + i % 26))));
    const auto compressed = deflate.compress("4", others.back(), 15);
    ASSERT_EQ(deflate.inflater().inflate(*compressed, kMax).data, "4" + *others.back());
  }
  EXPECT_EQ(deflate.inflater().inflate(*deflate.compress("4", message, 15), kMax).data, "4" + *message);
}

}  // namespace
}  // namespace hawser::net
