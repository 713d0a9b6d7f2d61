#include "store/wal_scan.h"

#include <string>
#include <vector>

#include "store/crc32c.h"

namespace hawser::store {
namespace {

constexpr char kFull = 1;
constexpr char kFirst = 2;
constexpr char kMiddle = 3;
constexpr char kLast = 4;

std::string record(char type, const std::string& data) {
  const auto crc = crc32c(type + data);
  const auto masked = ((crc >> 15U) | (crc << 17U)) + 0xa282ead8U;
  std::string bytes;
  for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(masked >> shift);
  bytes += static_cast<char>(data.size());
  bytes += static_cast<char>(data.size() >> 8U);
  return bytes + type + data;
}

WalScan scan(const std::string& file) {
  WalScan result;
  for (std::size_t at = 0; at < file.size(); at += WalScan::kBlockSize) {
    result.block(std::string_view(file).substr(at, WalScan::kBlockSize));
  }
  result.finish();
  return result;
}

const std::string kOne = record(kFull, "first write");
const std::string kTwo = record(kFull, "second write");

TEST(WalScan, a_sound_log_has_no_damage) {
  const auto result = scan(kOne + kTwo);
  EXPECT_EQ(result.damage(), std::nullopt);
  EXPECT_EQ(result.valid_end(), kOne.size() + kTwo.size());
  EXPECT_TRUE(result.has_writes());
  EXPECT_FALSE(scan("").has_writes());
  EXPECT_EQ(scan("").damage(), std::nullopt);
}

TEST(WalScan, a_cut_at_every_byte_of_the_last_write_is_a_torn_tail) {
  for (std::size_t size = kOne.size() + 1; size < kOne.size() + kTwo.size(); ++size) {
    const auto result = scan((kOne + kTwo).substr(0, size));
    EXPECT_EQ(result.damage(), kOne.size()) << size;
    EXPECT_EQ(result.valid_end(), kOne.size());
    EXPECT_EQ(result.later_write(), std::nullopt);
  }
}

TEST(WalScan, a_flip_of_every_bit_in_front_of_a_later_write_is_noticed) {
  for (std::size_t bit = 0; bit < kOne.size() * 8; ++bit) {
    auto file = kOne + kTwo;
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
    const auto result = scan(file);
    EXPECT_EQ(result.damage(), 0U) << bit;
    EXPECT_EQ(result.later_write(), kOne.size()) << bit;
    EXPECT_EQ(result.valid_end(), 0U);
  }
}

TEST(WalScan, a_flip_of_every_bit_of_the_last_write_is_a_torn_tail) {
  for (std::size_t bit = 0; bit < kTwo.size() * 8; ++bit) {
    auto file = kOne + kTwo;
    auto& byte = file[kOne.size() + bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    const auto result = scan(file);
    EXPECT_EQ(result.damage(), kOne.size()) << bit;
    EXPECT_EQ(result.later_write(), std::nullopt) << bit;
  }
}

TEST(WalScan, zeros_or_noise_behind_the_last_write_are_a_torn_tail) {
  for (const auto& tail : {std::string(5, '\0'), std::string(100'000, '\0'), std::string(50'000, '\x7f')}) {
    const auto result = scan(kOne + tail);
    EXPECT_EQ(result.damage(), kOne.size());
    EXPECT_EQ(result.valid_end(), kOne.size());
    EXPECT_EQ(result.later_write(), std::nullopt);
  }
}

/// One write over three blocks, behind a short one.
std::string long_write() {
  const auto first = record(kFirst, std::string(WalScan::kBlockSize - kOne.size() - 7, 'a'));
  const auto middle = record(kMiddle, std::string(WalScan::kBlockSize - 7, 'b'));
  return kOne + first + middle + record(kLast, "end");
}

TEST(WalScan, a_write_over_several_blocks_is_one_write) {
  const auto result = scan(long_write());
  EXPECT_EQ(result.damage(), std::nullopt);
  EXPECT_EQ(result.valid_end(), long_write().size());
}

TEST(WalScan, sound_pieces_of_a_torn_write_do_not_count_as_a_later_one) {
  for (const std::size_t lost : {kOne.size() + 100, WalScan::kBlockSize + 100}) {
    auto file = long_write();
    file[lost] = '!';
    const auto result = scan(file);
    EXPECT_TRUE(result.damage());
    EXPECT_EQ(result.valid_end(), kOne.size());
    EXPECT_EQ(result.later_write(), std::nullopt);
    EXPECT_EQ(scan(file + kTwo).later_write(), file.size()) << "but a write behind it does";
  }
}

TEST(WalScan, a_write_without_its_end_is_torn_unless_another_follows) {
  const auto begun = kOne + record(kFirst, "begun");
  EXPECT_EQ(scan(begun).damage(), kOne.size());
  EXPECT_EQ(scan(begun).later_write(), std::nullopt);
  EXPECT_EQ(scan(begun + kTwo).later_write(), begun.size());
}

TEST(WalScan, a_later_write_is_found_behind_a_damaged_length) {
  auto file = kOne + kTwo + record(kFull, std::string(1000, 'x'));
  file[4] = '\xff';
  file[5] = '\x7f';
  EXPECT_EQ(scan(file).damage(), 0U);
  EXPECT_EQ(scan(file).later_write(), kOne.size());
}

TEST(WalScan, padding_at_the_end_of_a_block_is_skipped) {
  const auto filler = record(kFull, std::string(WalScan::kBlockSize - 7 - 6, 'f'));
  const auto file = filler + std::string(6, '\0') + kOne;
  EXPECT_EQ(scan(file).damage(), std::nullopt);
  EXPECT_EQ(scan(file).valid_end(), file.size());
}

TEST(WalScan, a_sound_record_of_an_unknown_type_is_named) {
  EXPECT_EQ(scan(kOne + record(9, "new") + kTwo).unknown_type(), kOne.size());
  EXPECT_EQ(scan(kOne + kTwo).unknown_type(), std::nullopt);
}

}  // namespace
}  // namespace hawser::store
