#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>

#include "store/space_guard.h"
#include "test/store/rocksdb_fixture.h"
#include "test/support/manual_clock.h"

// A disk that fails or fills up while the store is open.
namespace hawser::store {
namespace {

using job::EventKind;
using ::testing::IsEmpty;

/// What the wrapped files do; shared by all of them.
struct Faults {
  std::atomic<bool> fail_append = false;
  std::atomic<bool> fail_sync = false;
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, Faults& faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (faults_.fail_append) return rocksdb::IOStatus::NoSpace("injected: no space left on device");
    return FSWritableFileOwnerWrapper::Append(data, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    if (faults_.fail_sync) return rocksdb::IOStatus::IOError("injected: sync failed");
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

 private:
  Faults& faults_;
};

/// Fails the writes of write-ahead logs when told to.
class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(Faults& faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  const char* Name() const override { return "FaultyFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log"))
      *file = std::make_unique<FaultyFile>(std::move(*file), faults_);
    return status;
  }

 private:
  Faults& faults_;
};

class RocksDbFaults : public ::testing::Test {
 protected:
  std::unique_ptr<RocksDbJobStore> open() {
    RocksDbOptions options{.directory = directory_.path()};
    options.env = env_.get();
    options.fatal = [this](const std::string& what) {
      const std::lock_guard lock(mutex_);
      fatal_.push_back(what);
    };
    options.free_space = [this] { return Result<std::uint64_t>(free_bytes_.load()); };
    options.reserve_bytes = 1000;
    return RocksDbJobStore::open(std::move(options)).value();
  }

  std::vector<std::string> fatal() const {
    const std::lock_guard lock(mutex_);
    return fatal_;
  }

  /// Waits out the interval of the free-space check.
  void set_free_bytes(job::JobStore& store, std::uint64_t bytes) {
    free_bytes_ = bytes;
    while (store.status().free_bytes != bytes) std::this_thread::yield();
  }

  TemporaryDirectory directory_;
  Faults faults_;
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(faults_));
  std::atomic<std::uint64_t> free_bytes_ = 1'000'000;
  mutable std::mutex mutex_;
  std::vector<std::string> fatal_;
};

TEST_F(RocksDbFaults, a_failed_sync_is_fatal_and_nothing_of_its_group_is_acknowledged) {
  Announcements announced;
  const auto store = open();
  store->set_listener(announced.listener());
  StoreDriver driver(*store);
  const auto record = driver.running();
  driver.settle();
  const auto before = announced.events().size();
  faults_.fail_sync = true;
  EXPECT_EQ(code_of(driver.append(record, 1, {chunk("1")})), Errc::unavailable);
  EXPECT_FALSE(fatal().empty());
  faults_.fail_sync = false;
  EXPECT_EQ(code_of(driver.append(record, 1, {chunk("1")})), Errc::unavailable) << "a sync is never retried";
  EXPECT_EQ(code_of(driver.run(job::Cancel{record.id, "ann", ""})), Errc::unavailable);
  EXPECT_EQ(announced.events().size(), before);
}

TEST_F(RocksDbFaults, a_full_disk_is_fatal_and_the_next_start_recovers) {
  JobId id;
  {
    const auto store = open();
    StoreDriver driver(*store);
    const auto record = driver.running();
    id = record.id;
    driver.append(record, 1, {chunk("1")}).value();
    faults_.fail_append = true;
    EXPECT_EQ(code_of(driver.append(record, 2, {chunk("2")})), Errc::unavailable);
    EXPECT_FALSE(fatal().empty());
  }
  faults_.fail_append = false;
  const auto store = open();
  StoreDriver driver(*store);
  EXPECT_EQ(payloads(driver.log(id)).at(1), "1");
  EXPECT_EQ(driver.claim()->record.id, id);
}

TEST_F(RocksDbFaults, without_a_hook_the_process_ends_with_status_70) {
  const auto die = [this] {
    RocksDbOptions options{.directory = directory_.path()};
    options.env = env_.get();
    const auto store = RocksDbJobStore::open(std::move(options)).value();
    StoreDriver driver(*store);
    faults_.fail_sync = true;
    driver.start();
    std::_Exit(0);
  };
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(die(), ::testing::ExitedWithCode(70), "");
}

TEST_F(RocksDbFaults, below_the_reserve_new_work_is_refused_and_the_rest_goes_on) {
  const auto store = open();
  StoreDriver driver(*store);
  const auto keyed = driver.start("ann", "keyed", "{}", "key");
  const auto ends = driver.running("ann", "a");
  const auto cancelled = driver.running("ann", "b");
  const auto released = driver.running("ann", "c");
  driver.append(ends, 1, {chunk("1")}).value();
  set_free_bytes(*store, 999);
  EXPECT_FALSE(store->status().writable);
  EXPECT_EQ(code_of(driver.run(job::Start{new_id(), "ann", "work", "{}", ""})), Errc::storage_full);
  EXPECT_EQ(code_of(driver.append(ends, 2, {chunk("2")})), Errc::storage_full);
  EXPECT_TRUE(driver.append(ends, 1, {chunk("1")})->duplicate) << "a repetition writes nothing";
  EXPECT_EQ(driver.start("ann", "keyed", "{}", "key"), keyed);
  EXPECT_TRUE(driver.finish(ends));
  EXPECT_TRUE(driver.run(job::Cancel{cancelled.id, "ann", ""}));
  EXPECT_TRUE(driver.run(job::Release{released.id, released.epoch}));
  EXPECT_TRUE(driver.begin(*driver.claim("c")));
  EXPECT_EQ(driver.log(ends.id).size(), 3U);

  set_free_bytes(*store, 1000);
  EXPECT_TRUE(store->status().writable);
  driver.start();
}

TEST(SpaceGuard, the_file_system_is_asked_at_most_every_250_milliseconds) {
  test::ManualClock clock;
  int asked = 0;
  std::uint64_t free = 10;
  SpaceGuard guard(
      clock, [&] { return ++asked, Result<std::uint64_t>(free); }, 10);
  EXPECT_TRUE(guard.has_room());
  free = 9;
  clock.advance(Millis(249));
  EXPECT_TRUE(guard.has_room());
  EXPECT_EQ(asked, 1);
  clock.advance(Millis(1));
  EXPECT_FALSE(guard.has_room());
  EXPECT_EQ(guard.free_bytes(), 9U);
  EXPECT_EQ(asked, 2);
  free = 10;
  clock.advance(Millis(250));
  EXPECT_TRUE(guard.has_room());
}

TEST(SpaceGuard, a_file_system_that_cannot_tell_counts_as_roomy) {
  test::ManualClock clock;
  SpaceGuard guard(
      clock, []() -> Result<std::uint64_t> { return fail(Errc::unavailable, "?"); }, 10);
  EXPECT_TRUE(guard.has_room());
  EXPECT_EQ(guard.free_bytes(), 0U);
}

}  // namespace
}  // namespace hawser::store
