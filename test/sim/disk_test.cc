#include <gtest/gtest.h>

#include <set>
#include <string>

#include "store/rocksdb_job_store.h"
#include "test/sim/disk.h"
#include "test/sim/file_system.h"
#include "test/store/store_driver.h"

namespace hawser::sim {
namespace {

/// A disk with an empty directory that is sure to be there.
class DiskTest : public ::testing::Test {
 protected:
  DiskTest() {
    disk_.make_directory("/d");
    disk_.sync_directory("");
  }
  Disk::File create(const std::string& path) {
    Disk::File file;
    EXPECT_EQ(disk_.create(path, file), Outcome::done);
    return file;
  }
  std::string content(const std::string& path) const {
    const auto file = disk_.open(path);
    return file ? disk_.read(file, 0, 1'000'000) : "(none)";
  }

  Disk disk_;
};

TEST_F(DiskTest, what_was_written_is_read_and_survives_the_process) {
  const auto file = create("/d/a");
  disk_.append(file, "one ");
  disk_.append(file, "two");
  EXPECT_EQ(content("/d/a"), "one two");
  disk_.die();
  EXPECT_EQ(disk_.append(file, "three"), Outcome::dead);
  disk_.restart();
  EXPECT_EQ(content("/d/a"), "one two");
}

TEST_F(DiskTest, what_was_synced_survives_a_power_loss_with_its_name) {
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    const auto path = "/d/" + std::to_string(seed);
    const auto file = create(path);
    disk_.append(file, "sure");
    disk_.sync(file);
    disk_.sync_directory("/d");
    disk_.append(file, "unsure");
    disk_.lose_power(Rng(seed));
    EXPECT_TRUE(content(path).starts_with("sure")) << content(path);
  }
}

TEST_F(DiskTest, a_name_without_a_sync_of_its_directory_may_be_gone_though_the_file_was_synced) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    const auto path = "/d/" + std::to_string(seed);
    const auto file = create(path);
    disk_.append(file, "sure");
    disk_.sync(file);
    disk_.lose_power(Rng(seed));
    seen.insert(content(path));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"sure", "(none)"}));
}

TEST_F(DiskTest, unsynced_bytes_are_lost_torn_at_any_byte_and_reordered) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed < 3000; ++seed) {
    const auto file = create("/d/a");
    disk_.sync_directory("/d");
    disk_.append(file, "ab");
    disk_.append(file, std::string(510, 'c') + "de");
    disk_.lose_power(Rng(seed));
    const auto left = content("/d/a");
    seen.insert(left.size() < 3 ? left : left.substr(0, 1) + std::to_string(left.size()));
  }
  EXPECT_TRUE(seen.contains(""));
  EXPECT_TRUE(seen.contains("a"));
  EXPECT_TRUE(seen.contains("ab"));
  EXPECT_TRUE(seen.contains("a513")) << "torn inside the second write";
  EXPECT_TRUE(seen.contains("a514"));
  EXPECT_TRUE(seen.contains(std::string(1, '\0') + "514")) << "the second write without the first";
}

TEST_F(DiskTest, a_rename_is_whole_or_not_there) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    for (const auto* text : {"old", "new"}) {
      const auto file = create(std::string("/d/") + text);
      disk_.append(file, text);
      disk_.sync(file);
    }
    disk_.rename("/d/old", "/d/name");
    disk_.sync_directory("/d");
    disk_.rename("/d/new", "/d/name");
    disk_.lose_power(Rng(seed));
    seen.insert(content("/d/name"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new"}));
}

TEST_F(DiskTest, a_failed_sync_loses_what_it_should_have_written_for_good) {
  const auto file = create("/d/a");
  disk_.append(file, "sure");
  disk_.sync(file);
  disk_.sync_directory("/d");
  disk_.append(file, "lost");
  disk_.fail_next_sync();
  EXPECT_EQ(disk_.sync(file), Outcome::io_error);
  EXPECT_EQ(content("/d/a"), "surelost") << "readers still see it";
  EXPECT_EQ(disk_.sync(file), Outcome::done);
  disk_.lose_power(Rng(1));
  EXPECT_EQ(content("/d/a"), "sure");
}

TEST_F(DiskTest, a_full_disk_refuses_bytes_and_nothing_else) {
  const auto file = create("/d/a");
  disk_.append(file, "1234");
  disk_.set_capacity(6);
  EXPECT_EQ(disk_.free_bytes(), 2U);
  EXPECT_EQ(disk_.append(file, "567"), Outcome::no_space);
  EXPECT_EQ(content("/d/a"), "1234");
  EXPECT_EQ(disk_.remove("/d/a"), Outcome::done);
  EXPECT_EQ(disk_.free_bytes(), 6U);
}

TEST_F(DiskTest, dies_at_the_change_it_is_told_to_in_its_middle_or_after_it) {
  const auto file = create("/d/a");
  disk_.die_at(2, true, Rng(1));
  EXPECT_EQ(disk_.append(file, "1"), Outcome::done);
  EXPECT_EQ(disk_.sync(file), Outcome::done);
  EXPECT_EQ(disk_.append(file, "2"), Outcome::dead);
  disk_.restart();
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed < 100; ++seed) {
    const auto other = create("/d/b");
    disk_.die_at(1, false, Rng(seed));
    EXPECT_EQ(disk_.append(other, "1234"), Outcome::dead);
    disk_.restart();
    sizes.insert(content("/d/b").size());
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{0, 1, 2, 3, 4}));
}

/// The real store, through many deaths of one machine.
class Machine {
 public:
  explicit Machine(std::uint64_t seed) : rng_(seed) {
    disk_.make_directory(directory_.path());
    disk_.sync_directory("/tmp");
  }

  void live_and_die() {
    disk_.die_at(rng_.between(1, 150), rng_.one_in(2), rng_.fork());
    if (auto store = open(); store) {
      for (int i = 0; i < 5; ++i) {
        const auto id = store::new_id();
        if (start(**store, id) && !disk_.is_dead()) acknowledged_.push_back(id);
      }
    } else {
      ASSERT_TRUE(disk_.is_dead()) << store.error().message;
    }
    disk_.die();
    rng_.one_in(4) ? disk_.restart() : disk_.lose_power(rng_.fork());
  }
  void expect_everything_there() {
    const auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    for (const auto& id : acknowledged_) ASSERT_TRUE((*store)->find(id));
  }
  std::size_t acknowledged() const { return acknowledged_.size(); }

 private:
  Result<std::unique_ptr<store::RocksDbJobStore>> open() {
    store::RocksDbOptions options{.directory = directory_.path()};
    options.env = &env_;
    options.commits_on = store::CommitsOn::pump;
    options.fatal = [](const std::string&) {};
    options.reserve_bytes = 0;
    return store::RocksDbJobStore::open(std::move(options));
  }
  static bool start(store::RocksDbJobStore& store, const JobId& id) {
    bool ok = false;
    store.submit(job::Start{id, "ann", "work", "{}", ""},
                 [&](const Result<job::Reply>& reply) { ok = reply.has_value(); });
    while (store.pump()) continue;
    return ok;
  }

  Rng rng_;
  store::TemporaryDirectory directory_;
  Disk disk_;
  SimEnv env_{disk_};
  std::vector<JobId> acknowledged_;
};

TEST(StoreOnDisk, what_was_acknowledged_survives_power_losses_at_any_change) {
  std::size_t acknowledged = 0;
  for (std::uint64_t seed = 1; seed <= 100 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Machine machine(seed);
    for (int lives = 0; lives < 6 && !testing::Test::HasFatalFailure(); ++lives) machine.live_and_die();
    if (!testing::Test::HasFatalFailure()) machine.expect_everything_there();
    acknowledged += machine.acknowledged();
  }
  EXPECT_GT(acknowledged, 300U);
}

}  // namespace
}  // namespace hawser::sim
