#include <rocksdb/db.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/big_endian.h"
#include "store/codec.h"
#include "store/index_rebuild.h"
#include "store/keys.h"
#include "store/owner_account.h"
#include "store/record_codec.h"
#include "test/store/rocksdb_fixture.h"
#include "test/support/manual_clock.h"

// What a RocksDB store knows of its ended and deleted jobs after a restart, an upgrade and a rebuild.
namespace hawser::store {
namespace {

using namespace std::chrono_literals;
using job::EventKind;
using job::JobState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

using Entries = std::map<std::string, std::string>;

/// The closed database, looked at and changed behind the store's back.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& directory) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string name : {"default", "job", "input", "ev", "idx"}) families.push_back({name, {}});
    rocksdb::DB* opened = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open({}, directory + "/jobs", families, &handles_, &opened).ok());
    database_.reset(opened);
  }
  ~RawDatabase() {
    for (auto* handle : handles_) database_->DestroyColumnFamilyHandle(handle);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  Entries entries(const std::string& family) {
    Entries result;
    const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator({}, find(family)));
    for (at->SeekToFirst(); at->Valid(); at->Next())
      result.emplace(at->key().ToString(), at->value().ToString());
    return result;
  }
  void put(const std::string& family, const std::string& key, const std::string& value) {
    EXPECT_TRUE(database_->Put({}, find(family), key, value).ok());
  }
  void erase(const std::string& family, const std::string& key) {
    EXPECT_TRUE(database_->Delete({}, find(family), key).ok());
  }

 private:
  rocksdb::ColumnFamilyHandle* find(const std::string& family) {
    return *std::ranges::find_if(handles_, [&](auto* handle) { return handle->GetName() == family; });
  }

  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> database_;
};

class RetentionRecovery : public ::testing::Test {
 protected:
  RetentionRecovery() {
    for (auto& bounds : retention_.bounds) bounds = {};
    open();
  }

  void open() {
    close();
    RocksDbOptions options{.directory = directory_.path(), .clock = clock_};
    options.policies = std::make_shared<job::Policies>(
        job::Policy{}, std::map<std::string, job::Policy, std::less<>>{}, job::Quota{}, retention_);
    options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
    store_ = RocksDbJobStore::open(std::move(options)).value();
    driver_ = std::make_unique<StoreDriver>(*store_);
    pass(0s);
  }
  void close() {
    driver_.reset();
    store_.reset();
  }
  void pass(Duration time) {
    clock_.advance(time);
    driver_->run(job::Sweep{}).value();
  }
  JobId ended(const std::string& owner = "ann", EventKind outcome = EventKind::completed) {
    const auto record = driver_->running(owner);
    driver_->append(record, 1, {chunk("\"x\"")}).value();
    driver_->finish(record, outcome, "{\"error\":\"x\"}").value();
    clock_.advance(1s);
    return record.id;
  }
  void purge(const JobId& id) { driver_->run(job::Purge{id}).value(); }
  bool exists(const JobId& id) { return store_->find(id).has_value(); }

  /// As a release wrote it that knew of no retention.
  void downgrade() {
    close();
    RawDatabase raw(directory_.path());
    for (const auto& [key, value] : raw.entries("idx")) {
      if (key[0] == 'F' || key[0] == 'T' || key[0] == 'X' || key[0] == 'Z') raw.erase("idx", key);
      if (key[0] == 'P') raw.put("idx", key, value.substr(0, 8));
    }
    for (const auto& [key, value] : raw.entries("job")) {
      const auto record = decode_record(value);
      if (!record || job::is_active(*record)) continue;
      std::string old = "E";
      old += keys::active_jobs(*record->owner).substr(1);
      append_big_endian(old, record->last_position);
      raw.put("idx", old + key, "");
    }
    raw.put("default", "schema_version", "1");
    raw.erase("default", "retention_counted_from");
  }

  TemporaryDirectory directory_;
  test::ManualClock clock_;
  job::Retention retention_;
  std::unique_ptr<RocksDbJobStore> store_;
  std::unique_ptr<StoreDriver> driver_;
};

TEST_F(RetentionRecovery, nothing_of_a_deleted_job_is_left_but_its_tombstone) {
  const auto id = driver_->start("ann", "work", "[1]", "key");
  driver_->run(job::Cancel{id, "ann", ""}).value();
  clock_.advance(25h);
  purge(id);
  close();
  RawDatabase raw(directory_.path());
  EXPECT_THAT(raw.entries("ev"), IsEmpty());
  EXPECT_THAT(raw.entries("input"), IsEmpty());
  std::string tags;
  for (const auto& [key, value] : raw.entries("idx")) tags += key[0];
  EXPECT_EQ(tags, "PXZ");
  const auto jobs = raw.entries("job");
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_LT(jobs.begin()->second.size(), 150U);
}

TEST_F(RetentionRecovery, a_long_log_goes_at_once_and_its_neighbours_stay) {
  const auto before = ended();
  const auto record = driver_->running();
  for (std::uint64_t i = 0; i <= limits::kErasedSingly; i += 100) {
    driver_->append(record, i + 1, std::vector<job::NewEvent>(100, chunk("1"))).value();
  }
  driver_->finish(record).value();
  const auto after = ended();
  purge(record.id);
  const auto again =
      driver_->running();  // Its events are written behind the deletion, into the same memtable.
  driver_->append(again, 1, {chunk("1"), chunk("2")}).value();
  EXPECT_EQ(driver_->log(before).size(), 3U);
  EXPECT_EQ(driver_->log(after).size(), 3U);
  EXPECT_EQ(driver_->log(again.id).size(), 3U);
  close();
  EXPECT_EQ(RawDatabase(directory_.path()).entries("ev").size(), 9U);
  open();
  EXPECT_EQ(driver_->log(after).size(), 3U);
}

TEST_F(RetentionRecovery, a_forgotten_tombstone_leaves_nothing) {
  purge(ended());
  pass(limits::kClockTrust);
  pass(limits::kTombstoneAge);
  close();
  RawDatabase raw(directory_.path());
  EXPECT_THAT(raw.entries("job"), IsEmpty());
  std::string tags;
  for (const auto& [key, value] : raw.entries("idx")) tags += key[0];
  EXPECT_EQ(tags, "PZ");
}

TEST_F(RetentionRecovery, deletions_and_ages_survive_a_restart) {
  retention_.bounds[job::ended_index(JobState::completed)].max_age = 48h;
  open();
  const auto deleted = ended();
  const auto kept = ended();
  purge(deleted);
  open();
  EXPECT_EQ(code_of(driver_->run(job::Resume{deleted, "ann"})), Errc::gone);
  EXPECT_EQ(store_->read_owner("ann", 2, {}).error().code, Errc::reset);
  EXPECT_EQ(store_->read_owner("ann", 3, {})->events.size(), 3U);
  pass(limits::kClockTrust);
  EXPECT_TRUE(exists(kept));
  pass(48h);
  EXPECT_FALSE(exists(kept));
  open();
  EXPECT_EQ(store_->read_owner("ann", 5, {}).error().code, Errc::reset);
  EXPECT_EQ(store_->owner_head("ann"), 6U);
}

TEST_F(RetentionRecovery, a_bound_that_is_set_later_counts_for_the_jobs_that_are_there) {
  const std::vector jobs = {ended(), ended(), ended()};
  clock_.advance(2h);
  retention_.bounds[job::ended_index(JobState::completed)].max_count = 1;
  open();
  EXPECT_TRUE(exists(jobs[0]));
  pass(limits::kClockTrust);
  EXPECT_FALSE(exists(jobs[0]));
  EXPECT_FALSE(exists(jobs[1]));
  EXPECT_TRUE(exists(jobs[2]));
}

TEST_F(RetentionRecovery, a_store_of_an_earlier_release_is_upgraded_and_its_jobs_have_the_whole_time) {
  const auto failed = ended("ann", EventKind::failed);
  const auto completed = ended("ann");
  const auto active = driver_->running("ann").id;
  const auto bens = ended("ben");
  const auto key = driver_->start("cleo", "other", "[1]", "key");
  const auto incarnation = store_->status().incarnation;
  downgrade();
  clock_.advance(100 * 24h);
  retention_.bounds[job::ended_index(JobState::completed)].max_age = 48h;
  open();
  EXPECT_EQ(store_->status().incarnation, incarnation);
  EXPECT_EQ(store_->read_owner("ann", 0, {})->events.size(), 7U);
  EXPECT_TRUE(store_->find(active)->queued);
  EXPECT_EQ(driver_->start("cleo", "other", "[1]", "key"), key);
  pass(limits::kClockTrust);
  open();
  pass(limits::kClockTrust);
  pass(47h);
  EXPECT_TRUE(exists(completed)) << "a day is counted from the upgrade on";
  pass(1h);
  EXPECT_FALSE(exists(completed));
  EXPECT_FALSE(exists(bens));
  EXPECT_TRUE(exists(failed));
  EXPECT_TRUE(exists(active));
}

TEST_F(RetentionRecovery, an_upgrade_writes_what_this_release_would_have_written) {
  ended("ann", EventKind::failed);
  ended("ann");
  driver_->running("ann");
  ended("ben");
  driver_->start("cleo", "other", "[1]", "key");
  open();  // The lease of the running job is taken back.
  close();
  const auto written = RawDatabase(directory_.path()).entries("idx");
  downgrade();
  ASSERT_NE(RawDatabase(directory_.path()).entries("idx"), written);
  open();
  close();
  auto upgraded = RawDatabase(directory_.path()).entries("idx");
  upgraded.erase("Z");  // No tombstone yet: one of them says so, the other does not.
  EXPECT_EQ(upgraded, written);
}

TEST_F(RetentionRecovery, a_rebuilt_index_is_the_one_there_was) {
  const auto deleted = ended("ann");
  ended("ann", EventKind::failed);
  const auto keyed = driver_->start("ben", "work", "[1]", "key");
  driver_->run(job::Cancel{keyed, "ben", ""}).value();
  purge(deleted);
  purge(keyed);
  ended("ann");
  close();
  const auto written = RawDatabase(directory_.path()).entries("idx");
  {
    auto database =
        Database::open(
            {.path = directory_.path() + "/jobs", .env = rocksdb::Env::Default(), .on_background_error = {}})
            .value();
    EXPECT_THAT(rebuild_index(*database).value(), IsEmpty());
  }
  EXPECT_EQ(RawDatabase(directory_.path()).entries("idx"), written);
  open();
  EXPECT_EQ(driver_->start("ben", "work", "[1]", "key"), keyed);
  EXPECT_EQ(code_of(driver_->run(job::Resume{deleted, "ann"})), Errc::gone);
}

TEST_F(RetentionRecovery, an_index_that_cannot_be_read_deletes_nothing) {
  retention_.bounds[job::ended_index(JobState::completed)].max_age = 48h;
  const auto id = ended();
  close();
  {
    RawDatabase raw(directory_.path());
    for (const auto& [key, value] : raw.entries("idx")) {
      if (key[0] == 'P') raw.put("idx", key, "not an account");
    }
  }
  open();
  pass(limits::kClockTrust);
  spdlog::set_level(spdlog::level::critical);
  pass(48h);
  pass(48h);
  spdlog::set_level(spdlog::level::info);
  EXPECT_TRUE(exists(id));
}

}  // namespace
}  // namespace hawser::store
