#include <algorithm>
#include <fstream>
#include <iterator>

#include "test/store/rocksdb_fixture.h"

// docs/decisions/0001: a torn tail is cut, damage in front of a later write refuses to open.
namespace hawser::store {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t kEvents = 40;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// A store that was killed with all of its work in one write-ahead log.
class WalDamage : public ::testing::Test {
 protected:
  WalDamage() {
    const auto store = open_store(source_.path()).value();
    StoreDriver driver(*store);
    const auto record = driver.running();
    id_ = record.id;
    for (std::uint64_t i = 1; i <= kEvents; ++i) {
      ends_.push_back(wal_size());
      driver.append(record, i, {chunk('"' + std::string(i * 40, 'x') + '"')}).value();
    }
    ends_.push_back(wal_size());
    copy_directory(source_.path(), killed_.path());
  }

  static std::string wal_in(const std::string& directory) {
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(directory + "/jobs")) {
      if (file.path().extension() == ".log") newest = std::max(newest, file.path().string());
    }
    return newest;
  }
  std::size_t wal_size() const { return std::filesystem::file_size(wal_in(source_.path())); }

  /// Opens the killed store with other bytes in its log.
  Result<std::unique_ptr<RocksDbJobStore>> open_with(const std::string& bytes) {
    copy_directory(killed_.path(), opened_.path());
    write_file(wal_in(opened_.path()), bytes);
    return open_store(opened_.path());
  }

  /// The events that are left, checked to be the first ones of those written.
  std::size_t events_in(RocksDbJobStore& store) {
    const auto page = store.read_job(id_, 0, StoreDriver::everything());
    if (!page) return 0;
    for (std::size_t i = 0; i < page->events.size(); ++i) EXPECT_EQ(page->events[i]->sequence, i + 1);
    for (std::size_t i = 1; i < page->events.size(); ++i)
      EXPECT_EQ(page->events[i]->payload->size(), i * 40 + 2);
    return page->events.size();
  }

  std::string wal() const { return read_file(wal_in(killed_.path())); }

  TemporaryDirectory source_;
  TemporaryDirectory killed_;
  TemporaryDirectory opened_;
  JobId id_;
  std::vector<std::size_t> ends_;  ///< size of the log after job:started and after each chunk
};

TEST_F(WalDamage, a_store_that_was_cut_writes_on_and_opens_again) {
  const auto bytes = wal();
  {
    const auto store = open_with(bytes.substr(0, bytes.size() - 10));
    ASSERT_TRUE(store);
    EXPECT_EQ(events_in(**store), kEvents);
    StoreDriver driver(**store);
    driver.begin(*driver.claim()).value();
  }
  const auto store = open_store(opened_.path());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->find(id_)->last_sequence, kEvents + 1);
}

TEST_F(WalDamage, zeros_behind_the_last_write_are_cut) {
  const auto store = open_with(wal() + std::string(70'000, '\0'));
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(events_in(**store), kEvents + 1);
}

TEST_F(WalDamage, a_flipped_byte_in_the_last_write_cannot_be_told_from_a_torn_one) {
  auto bytes = wal();
  bytes[bytes.size() - 20] ^= 1;
  const auto store = open_with(bytes);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ(events_in(**store), kEvents);
}

TEST_F(WalDamage, a_flipped_byte_in_front_of_later_writes_refuses_and_changes_nothing) {
  const auto bytes = wal();
  for (std::size_t at = 0; at < ends_[ends_.size() - 2]; at += 211) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto store = open_with(damaged);
    ASSERT_FALSE(store) << at;
    EXPECT_EQ(store.error().code, Errc::corrupt);
    EXPECT_THAT(store.error().message,
                AllOf(HasSubstr(wal_in(opened_.path())), HasSubstr("damaged at byte")));
    EXPECT_EQ(read_file(wal_in(opened_.path())), damaged);
  }
}

TEST_F(WalDamage, the_message_names_the_first_damaged_write) {
  auto bytes = wal();
  bytes[ends_[5] + 20] ^= 1;
  const auto store = open_with(bytes);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().message, HasSubstr("damaged at byte " + std::to_string(ends_[5]) + ","));
}

TEST_F(WalDamage, a_torn_log_in_front_of_a_newer_one_with_writes_refuses) {
  copy_directory(killed_.path(), opened_.path());
  const auto path = wal_in(opened_.path());
  const auto bytes = wal();
  write_file(path, bytes.substr(0, bytes.size() - 10));
  write_file(opened_.path() + "/jobs/999999.log", bytes.substr(0, ends_.front()));
  const auto store = open_store(opened_.path());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::corrupt);
  EXPECT_THAT(store.error().message, HasSubstr(path));
}

}  // namespace
}  // namespace hawser::store
