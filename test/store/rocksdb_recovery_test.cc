#include <rocksdb/db.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "test/store/rocksdb_fixture.h"

// What RocksDbJobStore finds when it opens a directory that another process left.
namespace hawser::store {
namespace {

using job::ContinueFrom;
using job::EventKind;
using job::JobState;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RocksDbRecovery : public ::testing::Test {
 protected:
  /// As kill -9: what is on disk now is opened elsewhere.
  std::unique_ptr<RocksDbJobStore> reopen_as_if_killed() {
    copy_directory(directory_.path(), copy_.path());
    return open_store(copy_.path()).value();
  }

  TemporaryDirectory directory_;
  TemporaryDirectory copy_;
};

TEST_F(RocksDbRecovery, everything_answered_is_there_after_a_kill) {
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  const auto done = driver.running();
  driver.append(done, 1, {chunk("1"), checkpoint("2"), chunk("3")}).value();
  driver.finish(done).value();
  const auto queued = driver.start("ann", "work", "[1]", "key");
  const auto other = reopen_as_if_killed();
  EXPECT_EQ(payloads(other->read_job(done.id, 0, {})->events), payloads(driver.log(done.id)));
  EXPECT_EQ(other->find(done.id)->state, JobState::completed);
  EXPECT_EQ(other->owner_head("ann"), 5U);
  EXPECT_EQ(other->input(queued), "[1]");
  StoreDriver again(*other);
  EXPECT_EQ(again.start("ann", "work", "[1]", "key"), queued);
  EXPECT_EQ(again.claim()->record.id, queued);
}

TEST_F(RocksDbRecovery, positions_and_incarnation_go_on_after_a_restart) {
  std::string incarnation;
  JobId id;
  {
    const auto store = open_store(directory_.path()).value();
    StoreDriver driver(*store);
    id = driver.running().id;
    incarnation = store->status().incarnation;
  }
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  EXPECT_EQ(store->status().incarnation, incarnation);
  driver.begin(*driver.claim()).value();
  const auto page = store->read_owner("ann", 0, {});
  ASSERT_EQ(page->events.size(), 2U);
  EXPECT_EQ(page->events[1]->position, 2U);
  EXPECT_EQ(page->events[1]->kind, EventKind::resumed);
}

TEST_F(RocksDbRecovery, leases_of_the_dead_process_are_given_back) {
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  const auto plain = driver.running("ann", "a");
  const auto with_checkpoint = driver.running("ann", "b");
  driver.append(with_checkpoint, 1, {chunk("1"), checkpoint("{\"at\":1}"), chunk("2")}).value();
  const auto other = reopen_as_if_killed();
  StoreDriver again(*other);
  EXPECT_EQ(other->find(plain.id)->state, JobState::running);
  EXPECT_TRUE(other->find(plain.id)->queued);
  EXPECT_EQ(other->find(with_checkpoint.id)->state, JobState::checkpointed);
  EXPECT_EQ(code_of(again.append(plain, 1, {chunk("late")})), Errc::fenced);
  const auto claimed = again.claim("b");
  EXPECT_EQ(claimed->checkpoint, "{\"at\":1}");
  again.begin(*claimed, ContinueFrom::checkpoint).value();
  EXPECT_EQ(*again.log(with_checkpoint.id).back()->payload, R"({"attempt":2,"keepThrough":3})");
}

TEST_F(RocksDbRecovery, a_waiting_resume_and_the_limit_of_jobs_survive) {
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  const auto failed = driver.running();
  driver.finish(failed, EventKind::failed).value();
  driver.run(job::Resume{failed.id, "ann"}).value();
  for (std::size_t i = 1; i < limits::kMaxActiveJobsPerOwner; ++i) driver.start("ann", "other");
  const auto other = reopen_as_if_killed();
  StoreDriver again(*other);
  EXPECT_EQ(code_of(again.run(job::Start{new_id(), "ann", "work", "{}", ""})), Errc::too_many_jobs);
  EXPECT_EQ(again.claim()->record.id, failed.id);
}

TEST_F(RocksDbRecovery, a_directory_is_used_by_one_process_at_a_time) {
  const auto store = open_store(directory_.path()).value();
  const auto second = open_store(directory_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
  EXPECT_THAT(second.error().message,
              AllOf(HasSubstr(directory_.path()), HasSubstr("process " + std::to_string(::getpid()))));
}

TEST_F(RocksDbRecovery, a_closed_store_gives_its_directory_back) {
  open_store(directory_.path()).value().reset();
  EXPECT_TRUE(open_store(directory_.path()));
}

TEST_F(RocksDbRecovery, a_missing_directory_is_made_for_its_owner_only) {
  const auto path = directory_.path() + "/a/b";
  ASSERT_TRUE(open_store(path));
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(RocksDbRecovery, a_path_that_is_no_directory_is_refused_by_name) {
  const auto path = directory_.path() + "/file";
  std::ofstream(path) << "x";
  const auto opened = open_store(path);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr(path));
}

/// Changes the closed database behind the store's back: puts a value, or removes the key when there is none.
void edit(const std::string& directory, const std::string& family, const std::string& key,
          const std::optional<std::string>& value) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string name : {"default", "job", "input", "ev", "idx"}) families.push_back({name, {}});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, directory + "/jobs", families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> database(opened);
  for (auto* handle : handles) {
    if (handle->GetName() == family) {
      EXPECT_TRUE((value ? database->Put({}, handle, key, *value) : database->Delete({}, handle, key)).ok());
    }
    database->DestroyColumnFamilyHandle(handle);
  }
}

std::string raw(const JobId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

TEST_F(RocksDbRecovery, another_schema_version_is_refused) {
  open_store(directory_.path()).value().reset();
  edit(directory_.path(), "default", "schema_version", "7");
  const auto opened = open_store(directory_.path());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::config);
  EXPECT_THAT(opened.error().message, AllOf(HasSubstr("version 7"), HasSubstr("version 2")));
}

TEST_F(RocksDbRecovery, a_record_that_makes_no_sense_is_corrupt_and_not_absent) {
  JobId id;
  {
    const auto store = open_store(directory_.path()).value();
    StoreDriver driver(*store);
    const auto record = driver.running();
    id = record.id;
    driver.append(record, 1, {chunk("1"), chunk("2")}).value();
    driver.finish(record).value();
  }
  edit(directory_.path(), "ev", raw(id) + std::string("\0\0\0\0\0\0\0\x02", 8), "\xff");
  const auto store = open_store(directory_.path()).value();
  EXPECT_EQ(store->read_job(id, 0, {}).error().code, Errc::damaged);
  EXPECT_EQ(store->read_owner("ann", 0, {}).error().code, Errc::damaged);
  EXPECT_TRUE(store->read_job(id, 2, {})) << "what is sound can be read";
}

TEST_F(RocksDbRecovery, a_damaged_data_block_is_corrupt_for_its_reads) {
  JobId id;
  {
    const auto store = open_store(directory_.path()).value();
    StoreDriver driver(*store);
    const auto record = driver.running();
    id = record.id;
    for (std::uint64_t i = 1; i <= 20; ++i) {
      std::string payload = "\"";
      for (int digit = 0; digit < 4000; ++digit)
        payload += static_cast<char>('a' + (digit * 7 + digit / 13) % 26);
      driver.append(record, i, {chunk(payload + std::to_string(i) + "\"")}).value();
    }
    driver.finish(record).value();
  }
  std::string largest;
  for (const auto& file : std::filesystem::directory_iterator(directory_.path() + "/jobs")) {
    const bool table = file.path().extension() == ".sst";
    if (table && (largest.empty() || file.file_size() > std::filesystem::file_size(largest)))
      largest = file.path();
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.write("damage", 6);
  file.close();
  const auto store = open_store(directory_.path());
  ASSERT_TRUE(store) << store.error().message;
  const auto page = (*store)->read_job(id, 0, StoreDriver::everything());
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::damaged);
}

TEST_F(RocksDbRecovery, a_queued_job_whose_input_is_damaged_does_not_stop_the_queue) {
  JobId bad;
  JobId good;
  {
    const auto store = open_store(directory_.path()).value();
    StoreDriver driver(*store);
    bad = driver.start("ann", "work", "1");
    good = driver.start("ann", "work", "2");
  }
  edit(directory_.path(), "input", raw(bad), std::nullopt);
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  EXPECT_EQ(driver.claim()->record.id, good);
  EXPECT_EQ(driver.claim(), nullptr);
  EXPECT_EQ(store->find(bad)->state, JobState::cancelled);
}

TEST_F(RocksDbRecovery, a_position_behind_too_many_ended_jobs_is_a_reset) {
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  for (std::size_t i = 0; i < limits::kMaxMergedJobs + 1; i += 128) {
    std::vector<JobId> ids;
    for (std::size_t j = 0; j < 128; ++j) ids.push_back(new_id());
    std::promise<void> done;
    for (const auto& id : ids) {
      store->submit(job::Start{id, "ann", "work", "{}", ""},
                    [](const Result<job::Reply>& reply) { EXPECT_TRUE(reply); });
      store->submit(job::Cancel{id, "ann", ""}, [&](const Result<job::Reply>& reply) {
        EXPECT_TRUE(reply);
        if (id == ids.back()) done.set_value();
      });
    }
    done.get_future().wait();
  }
  const auto head = *store->owner_head("ann");
  ASSERT_GT(head, limits::kMaxMergedJobs);
  EXPECT_EQ(store->read_owner("ann", 0, {}).error().code, Errc::reset);
  EXPECT_EQ(store->read_owner("ann", head - limits::kMaxMergedJobs - 1, {}).error().code, Errc::reset);
  EXPECT_EQ(store->read_owner("ann", head - limits::kMaxMergedJobs, {})->events.size(), limits::kPageEvents);
}

}  // namespace
}  // namespace hawser::store
