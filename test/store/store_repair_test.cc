#include <rocksdb/env.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "store/store_repair.h"
#include "test/store/rocksdb_fixture.h"

// docs/decisions/0004: what is damaged in front of acknowledged writes is kept as a copy, named, and left
// behind.
namespace hawser::store {
namespace {

namespace fs = std::filesystem;

using job::EventKind;
using job::JobState;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> files_of(const std::string& directory, const std::string& extension) {
  std::vector<std::string> paths;
  for (const auto& file : fs::directory_iterator(directory)) {
    if (file.path().extension() == extension) paths.push_back(file.path());
  }
  std::ranges::sort(paths);
  return paths;
}

void flip(const std::string& path, std::size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

class StoreRepair : public ::testing::Test {
 protected:
  /// What a kill leaves, with a damage at `ends_[group]` of the newest log, where that group begins.
  void kill_and_damage(std::size_t group) {
    copy_directory(source_.path(), killed_.path());
    fs::remove(killed_.path() + "/LOCK");
    flip(wal_in(killed_.path()), ends_.at(group) + 20);
  }

  static std::string wal_in(const std::string& directory) {
    return files_of(directory + "/jobs", ".log").back();
  }
  void mark() { ends_.push_back(fs::file_size(wal_in(source_.path()))); }

  Result<RepairReport> repair() {
    return repair_store(place(), runtime::system_clock(), runtime::system_random());
  }
  StorePlace place() const { return {.directory = killed_.path()}; }
  Result<std::unique_ptr<RocksDbJobStore>> open() { return open_store(killed_.path()); }

  static const RepairReport::LostJob* find(const RepairReport& report, const JobId& id) {
    const auto found = std::ranges::find(report.lost, id, &RepairReport::LostJob::id);
    return found == report.lost.end() ? nullptr : &*found;
  }

  TemporaryDirectory source_;
  TemporaryDirectory killed_;
  std::vector<std::size_t> ends_;
};

/// Two jobs of Ann and one of Ben, and a damage in front of most of what they wrote.
class StoreRepairOfJobs : public StoreRepair {
 protected:
  StoreRepairOfJobs() {
    store_ = open_store(source_.path()).value();
    StoreDriver driver(*store_);
    finished_ = driver.running("ann").id;
    driver.finish(store_->find(finished_).value()).value();
    const auto ann = driver.running("ann");
    ann_ = ann.id;
    driver.append(ann, 1, {chunk("1"), chunk("2")}).value();
    mark();  // 0: this write is damaged.
    driver.append(ann, 3, {chunk("3")}).value();
    mark();
    const auto ben = driver.running("ben");
    ben_ = ben.id;
    driver.append(ann, 4, {chunk("4"), chunk("5")}).value();
    driver.append(ben, 1, {chunk("1")}).value();
    incarnation_ = store_->status().incarnation;
  }

  std::unique_ptr<RocksDbJobStore> store_;
  std::string incarnation_;
  JobId finished_;
  JobId ann_;
  JobId ben_;
};

TEST_F(StoreRepairOfJobs, a_refusal_names_the_command_and_the_examination_says_the_same_and_changes_nothing) {
  kill_and_damage(0);
  const auto before = read_bytes(wal_in(killed_.path()));
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("damaged at byte " + std::to_string(ends_[0]) + ","));
  EXPECT_THAT(refused.error().message, HasSubstr("hawser doctor --repair"));
  const auto names = files_of(killed_.path() + "/jobs", ".sst");
  const auto fault = examine_store(place());
  ASSERT_TRUE(fault && *fault);
  EXPECT_THAT(refused.error().message, HasSubstr((*fault)->message));
  EXPECT_EQ(read_bytes(wal_in(killed_.path())), before);
  EXPECT_EQ(files_of(killed_.path() + "/jobs", ".sst"), names);
}

TEST_F(StoreRepairOfJobs, it_opens_the_consistent_prefix_under_a_new_incarnation) {
  kill_and_damage(0);
  const auto report = repair();
  ASSERT_TRUE(report) << report.error().message;
  const auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_NE((*store)->status().incarnation, incarnation_);
  StoreDriver driver(**store);
  EXPECT_EQ((*store)->find(finished_)->state, JobState::completed);
  EXPECT_EQ(driver.log(finished_).size(), 2U);
  const auto log = payloads(driver.log(ann_));
  ASSERT_GT(log.size(), 3U);
  EXPECT_EQ(log[1], "1");
  EXPECT_EQ(log[2], "2");
  EXPECT_THAT(log, Not(Contains("3")));
  EXPECT_EQ((*store)->find(ben_).error().code, Errc::not_found);
  const auto page = (*store)->read_owner("ann", 0, StoreDriver::everything());
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->events.size(), page->head);
  EXPECT_EQ(driver.claim(), nullptr) << "no job runs on that may give its sequences to other events";
}

TEST_F(StoreRepairOfJobs, a_client_that_saw_lost_events_is_told_so_whatever_its_last_sequence) {
  kill_and_damage(0);
  ASSERT_TRUE(repair());
  const auto store = open().value();
  const auto seen = store_->find(ann_)->last_sequence;
  for (std::uint64_t last = 3; last <= seen; ++last) {
    auto rest = store->read_job(ann_, last, {})->events;
    ASSERT_GE(rest.size(), 2U) << last;
    EXPECT_EQ(rest.back()->kind, EventKind::cancelled);
    EXPECT_EQ(*rest[rest.size() - 2]->payload, R"({"attempt":1,"keepThrough":3})");
  }
  const auto whole = store->read_job(ann_, 0, {})->events;
  EXPECT_EQ(store->read_job(ann_, whole.size() + 1, {}).error().code, Errc::bad_sequence);
  EXPECT_EQ(store->find(ann_)->state, JobState::cancelled);
}

TEST_F(StoreRepairOfJobs, it_says_what_was_lost) {
  kill_and_damage(0);
  const auto report = repair();
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_THAT(report->cuts, SizeIs(1));
  EXPECT_EQ(report->cuts[0].from, ends_[0]);
  EXPECT_EQ(report->cuts[0].to, fs::file_size(wal_in(source_.path())));
  EXPECT_GT(report->unreadable_bytes, 0U);
  EXPECT_LE(report->unreadable_bytes, ends_[1] - ends_[0]);
  const auto* ann = find(*report, ann_);
  ASSERT_NE(ann, nullptr);
  EXPECT_EQ(ann->owner, "ann");
  EXPECT_EQ(ann->kept, 3U);
  EXPECT_EQ(ann->lost, 6U);
  const auto* ben = find(*report, ben_);
  ASSERT_NE(ben, nullptr);
  EXPECT_FALSE(ben->exists);
  EXPECT_EQ(ben->owner, "ben");
  EXPECT_EQ(find(*report, finished_), nullptr);
  EXPECT_EQ(report->ended, std::vector<JobId>{ann_});
}

TEST_F(StoreRepairOfJobs, copies_of_the_files_as_they_were_are_kept_and_never_overwritten) {
  kill_and_damage(0);
  const auto damaged = read_bytes(wal_in(killed_.path()));
  const auto name = fs::path(wal_in(killed_.path())).filename().string();
  const auto first = repair();
  ASSERT_TRUE(first);
  EXPECT_THAT(first->copies, HasSubstr(killed_.path() + "/damaged-"));
  EXPECT_EQ(read_bytes(first->copies + "/" + name), damaged);
  EXPECT_TRUE(fs::exists(first->copies + "/CURRENT"));
  // The same damage again in the same second.
  for (const auto& entry : fs::directory_iterator(killed_.path())) {
    if (!entry.path().filename().string().starts_with("damaged-")) fs::remove_all(entry.path());
  }
  fs::copy(source_.path() + "/jobs", killed_.path() + "/jobs", fs::copy_options::recursive);
  flip(wal_in(killed_.path()), ends_.at(0) + 21);
  const auto second = repair();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_NE(second->copies, first->copies);
  EXPECT_EQ(read_bytes(first->copies + "/" + name), damaged);
}

TEST_F(StoreRepairOfJobs, a_second_run_finds_nothing_to_do) {
  kill_and_damage(0);
  ASSERT_TRUE(repair());
  const auto incarnation = open().value()->status().incarnation;
  const auto again = repair();
  ASSERT_TRUE(again);
  EXPECT_THAT(again->copies, IsEmpty());
  EXPECT_FALSE(examine_store(place())->has_value());
  EXPECT_EQ(open().value()->status().incarnation, incarnation);
}

TEST_F(StoreRepairOfJobs, a_sound_store_and_a_torn_tail_are_left_to_the_next_start) {
  copy_directory(source_.path(), killed_.path());
  const auto path = wal_in(killed_.path());
  fs::resize_file(path, fs::file_size(path) - 5);
  const auto before = read_bytes(path);
  EXPECT_FALSE(examine_store(place())->has_value());
  EXPECT_THAT(repair()->copies, IsEmpty());
  EXPECT_EQ(read_bytes(path), before);
  EXPECT_EQ(open().value()->status().incarnation, incarnation_);
}

TEST_F(StoreRepairOfJobs, a_damage_in_an_older_log_leaves_the_newer_ones_behind_as_well) {
  kill_and_damage(0);
  const auto older = wal_in(killed_.path());
  flip(older, ends_[0] + 20);  // Sound again…
  fs::resize_file(older, fs::file_size(older) - 5);
  const auto newer = killed_.path() + "/jobs/999999.log";
  fs::copy_file(wal_in(source_.path()), newer);  // …but torn in front of a log with writes.
  const auto report = repair();
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_THAT(report->cuts, SizeIs(2));
  EXPECT_FALSE(fs::exists(newer));
  EXPECT_TRUE(fs::exists(report->copies + "/999999.log"));
  EXPECT_TRUE(open());
}

TEST_F(StoreRepairOfJobs, a_damaged_log_that_the_tables_hold_already_loses_nothing) {
  // A process that died between writing the tables and removing the log.
  const auto log = wal_in(source_.path());
  copy_directory(source_.path(), killed_.path());
  open().value().reset();
  fs::copy_file(log, killed_.path() + "/jobs/" + fs::path(log).filename().string(),
                fs::copy_options::overwrite_existing);
  flip(killed_.path() + "/jobs/" + fs::path(log).filename().string(), ends_[0] + 20);
  EXPECT_THAT(repair()->copies, IsEmpty());
  const auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->find(ann_)->last_sequence, store_->find(ann_)->last_sequence);
  EXPECT_EQ((*store)->status().incarnation, incarnation_);
}

TEST_F(StoreRepairOfJobs, a_repair_that_was_interrupted_keeps_the_store_shut_until_it_is_finished) {
  kill_and_damage(0);
  copy_directory(killed_.path(), killed_.path() + ".before");
  const auto first = repair();
  ASSERT_TRUE(first);
  // As if it had died behind the cut, in front of the new incarnation.
  fs::remove_all(killed_.path() + "/jobs");
  fs::rename(killed_.path() + ".before/jobs", killed_.path() + "/jobs");
  fs::remove_all(killed_.path() + ".before");
  const auto log = wal_in(killed_.path());
  fs::resize_file(log, ends_[0]);
  std::ofstream(killed_.path() + "/repair-pending") << first->copies << "\n0\n";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("hawser doctor --repair"));
  const auto second = repair();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_TRUE(second->interrupted);
  ASSERT_NE(find(*second, ann_), nullptr);
  EXPECT_EQ(find(*second, ann_)->lost, 6U) << "the copies still tell";
  const auto store = open();
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_NE((*store)->status().incarnation, incarnation_);
  EXPECT_EQ((*store)->find(ann_)->state, JobState::cancelled);
}

TEST_F(StoreRepairOfJobs, a_damage_in_any_write_of_the_log_can_be_repaired) {
  const auto size = fs::file_size(wal_in(source_.path()));
  for (std::size_t at = 10; at + 200 < size; at += 97) {
    copy_directory(source_.path(), killed_.path());
    flip(wal_in(killed_.path()), at);
    ASSERT_FALSE(open()) << at;
    const auto report = repair();
    ASSERT_TRUE(report) << at << ": " << report.error().message;
    const auto store = open();
    ASSERT_TRUE(store) << at << ": " << store.error().message;
    EXPECT_NE((*store)->status().incarnation, incarnation_);
    for (const std::string owner : {"ann", "ben"}) {
      const auto page = (*store)->read_owner(owner, 0, StoreDriver::everything());
      ASSERT_TRUE(page) << at << ": " << page.error().message;
      EXPECT_EQ(page->events.size(), page->head);
    }
    StoreDriver(**store).start("ann");
  }
}

}  // namespace
}  // namespace hawser::store
