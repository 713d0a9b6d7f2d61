#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "store/store_repair.h"
#include "test/store/memory_disk.h"
#include "test/store/rocksdb_fixture.h"

// docs/decisions/0004: a damaged table quarantines the jobs it holds and serves the others. Every block of
// every table is damaged once: each job is then served whole or answers `damaged`, and nothing is invented or
// forgotten.
namespace hawser::store {
namespace {

using job::EventKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Blocks have some 256 bytes, so that this meets each.
constexpr std::size_t kStep = 180;
const std::vector<std::string> kFamilies = {"default", "job", "input", "ev", "idx"};

struct Known {
  job::JobRecord record;
  std::string input;
  std::vector<job::EventPtr> log;
};

std::string noise(std::minstd_rand& random, std::size_t size) {
  std::string text = "\"";
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text + '"';
}

/// Writes the closed database anew with small blocks. Returns the family of each table.
std::map<std::string, std::string> use_small_blocks(const std::string& path) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 256;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : kFamilies) families.push_back({name, options});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  EXPECT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> database(opened);
  std::map<std::string, std::string> tables;
  for (auto* handle : handles) {
    rocksdb::CompactRangeOptions compact;
    compact.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    EXPECT_TRUE(database->CompactRange(compact, handle, nullptr, nullptr).ok());
    rocksdb::ColumnFamilyMetaData meta;
    database->GetColumnFamilyMetaData(handle, &meta);
    for (const auto& level : meta.levels) {
      for (const auto& file : level.files) tables[file.name.substr(1)] = handle->GetName();
    }
    database->DestroyColumnFamilyHandle(handle);
  }
  return tables;
}

class Quarantine : public ::testing::Test {
 protected:
  Quarantine() {
    spdlog::set_level(spdlog::level::off);
    write();
    tables_ = use_small_blocks(source_.path() + "/jobs");
    files_ = read_files(source_.path() + "/jobs");
  }
  ~Quarantine() override { spdlog::set_level(spdlog::level::info); }

  void write() {
    std::minstd_rand random(7);  // NOLINT: the same every time
    const auto store = open_store(source_.path()).value();
    StoreDriver driver(*store);
    std::vector<JobId> ids;
    for (int i = 0; i < 18; ++i) {
      const auto number = std::to_string(i);
      const auto owner = "owner" + std::to_string(i % 3);
      ids.push_back(driver.start(owner, "work", noise(random, 60), "key" + number));
      if (i >= 15) continue;  // Never started.
      const auto claimed = driver.claim();
      driver.begin(*claimed).value();
      for (std::uint64_t at = 1; at <= 5; ++at)
        driver
            .append(claimed->record, at,
                    {at == 4 ? checkpoint(noise(random, 150)) : chunk(noise(random, 150))})
            .value();
      if (i % 3 != 0) driver.finish(claimed->record).value();
    }
    for (const auto& id : ids) {
      known_[id] = {store->find(id).value(), store->input(id).value(), driver.log(id)};
      if (job::is_active(known_[id].record)) unfinished_.insert(id);
    }
  }

  /// A disk with one byte of one file changed.
  std::unique_ptr<rocksdb::Env> damaged(const std::string& name, std::size_t at) const {
    auto files = files_;
    auto& bytes = std::ranges::find(files, name, &File::name)->bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    return disk_with(directory_.path() + "/jobs", files);
  }

  /// Calls `check(family, disk)` with each table damaged at each place.
  template <class Check>
  void for_each_damage(const std::set<std::string>& families, Check check) {
    for (const auto& [name, bytes] : files_) {
      const auto family = tables_.find(name);
      if (family == tables_.end() || !families.contains(family->second)) continue;
      for (std::size_t at = 0; at < bytes.size(); at += kStep) {
        SCOPED_TRACE(family->second + " " + name + " at " + std::to_string(at));
        const auto disk = damaged(name, at);
        check(family->second, *disk);
        if (HasFailure()) return;
      }
    }
  }

  /// Returns the jobs that are not served whole.
  std::set<JobId> expect_whole_or_damaged(job::JobStore& store) const {
    auto bad = expect_jobs_whole_or_damaged(store);
    for (int owner = 0; owner < 3; ++owner) {
      const auto page = store.read_owner("owner" + std::to_string(owner), 0, StoreDriver::everything());
      if (!page) {
        EXPECT_EQ(page.error().code, Errc::damaged);
      } else {
        EXPECT_EQ(page->events.size(), page->head);
        EXPECT_EQ(page->head, heads(owner));
      }
    }
    return bad;
  }

  std::set<JobId> expect_jobs_whole_or_damaged(job::JobStore& store) const {
    std::set<JobId> bad;
    for (const auto& [id, known] : known_) {
      if (!is_whole(store, id, known)) bad.insert(id);
    }
    EXPECT_FALSE(store.find(new_id()));
    return bad;
  }

  std::uint64_t heads(int owner) const {
    std::uint64_t head = 0;
    for (const auto& [id, known] : known_) {
      if (*known.record.owner == "owner" + std::to_string(owner)) head += known.log.size();
    }
    return head;
  }

  static bool is_whole(job::JobStore& store, const JobId& id, const Known& known) {
    bool whole = true;
    const auto holds = [&whole](const auto& result, auto matches) {
      if (result) {
        EXPECT_TRUE(matches(*result));
      } else {
        EXPECT_EQ(result.error().code, Errc::damaged);
        whole = false;
      }
    };
    holds(store.find(id), [&](const auto& record) {
      return record.last_sequence == known.record.last_sequence && *record.owner == *known.record.owner &&
             job::is_active(record) == job::is_active(known.record);
    });
    holds(store.input(id), [&](const auto& input) { return input == known.input; });
    holds(store.read_job(id, 0, StoreDriver::everything()), [&](const auto& page) {
      return std::ranges::equal(page.events, known.log, [](const auto& a, const auto& b) {
        return a->sequence == b->sequence && a->kind == b->kind && a->position == b->position &&
               *a->payload == *b->payload;
      });
    });
    return whole;
  }

  /// Claims all there is. Every unfinished job that is sound is handed out, with its own input.
  void expect_all_sound_jobs_run(RocksDbJobStore& store, const std::set<JobId>& bad) const {
    StoreDriver driver(store);
    std::set<JobId> claimed;
    for (;;) {
      auto reply = driver.run(job::Claim{{"work"}, "worker"});
      ASSERT_TRUE(reply) << reply.error().message;
      if (!reply->claimed) break;
      const auto& record = reply->claimed->record;
      EXPECT_EQ(reply->claimed->input, known_.at(record.id).input);
      EXPECT_TRUE(claimed.insert(record.id).second);
    }
    for (const auto& id : unfinished_) {
      if (!bad.contains(id) && owner_is_sound(store, id)) {
        EXPECT_TRUE(claimed.contains(id)) << id.to_string();
      }
      const auto cancelled = driver.run(job::Cancel{id, *known_.at(id).record.owner, ""});
      EXPECT_TRUE(cancelled || cancelled.error().code == Errc::damaged);
    }
  }

  bool owner_is_sound(job::JobStore& store, const JobId& id) const {
    return store.owner_head(*known_.at(id).record.owner).has_value();
  }

  TemporaryDirectory source_;
  TemporaryDirectory directory_;  ///< for the lock, and as the name of the disks in memory
  std::map<JobId, Known> known_;
  std::set<JobId> unfinished_;
  std::map<std::string, std::string> tables_;
  std::vector<File> files_;
};

TEST_F(Quarantine, whatever_block_is_damaged_each_job_is_served_whole_or_damaged_and_the_sound_ones_run) {
  std::map<std::string, std::size_t> places;
  std::map<std::string, std::size_t> confined;
  for_each_damage({"job", "input", "ev", "idx"}, [&](const std::string& family, rocksdb::Env& disk) {
    const auto store = open_store(directory_.path(), &disk);
    ASSERT_TRUE(store) << store.error().message;
    const auto bad = expect_whole_or_damaged(**store);
    expect_all_sound_jobs_run(**store, bad);
    ++places[family];
    if (bad.size() <= 3) ++confined[family];
  });
  for (const auto& [family, count] : places) {
    EXPECT_GT(count, 8U) << family;
    EXPECT_GT(2 * confined[family], count) << family << ": most damage meets few jobs";
  }
}

TEST_F(Quarantine,
       without_index_and_records_nobody_knows_what_is_unfinished_so_it_refuses_until_the_index_is_made_anew) {
  auto files = files_;
  for (auto& [name, bytes] : files) {
    const auto family = tables_.find(name);
    if (family == tables_.end() || (family->second != "idx" && family->second != "job")) continue;
    for (std::size_t at = 0; at < bytes.size() / 2; ++at) bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
  const auto disk = disk_with(directory_.path() + "/jobs", files);
  const auto refused = open_store(directory_.path(), disk.get());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_THAT(refused.error().message, HasSubstr("hawser doctor --repair"));
  const StorePlace place{.directory = directory_.path(), .env = disk.get()};
  const auto report = repair_store(place, runtime::system_clock(), runtime::system_random());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->damaged.empty());
  EXPECT_LT(report->damaged.size(), known_.size());
  const auto store = open_store(directory_.path(), disk.get());
  ASSERT_TRUE(store) << store.error().message;
  const auto bad = expect_jobs_whole_or_damaged(**store);
  EXPECT_EQ(bad, std::set<JobId>(report->damaged.begin(), report->damaged.end())) << "it named each";
  expect_all_sound_jobs_run(**store, bad);
}

TEST_F(Quarantine, a_damaged_description_of_the_store_refuses_and_is_repaired) {
  for_each_damage({"default"}, [&](const std::string&, rocksdb::Env& disk) {
    if (const auto refused = open_store(directory_.path(), &disk); !refused) {
      EXPECT_EQ(refused.error().code, Errc::corrupt);
      EXPECT_THAT(refused.error().message, HasSubstr("hawser doctor --repair"));
    }
    const StorePlace place{.directory = directory_.path(), .env = &disk};
    ASSERT_TRUE(repair_store(place, runtime::system_clock(), runtime::system_random()));
    const auto store = open_store(directory_.path(), &disk);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_THAT(expect_whole_or_damaged(**store), IsEmpty());
  });
}

TEST_F(Quarantine, a_repair_makes_a_damaged_index_anew_and_everything_is_there_again) {
  std::size_t rebuilt = 0;
  for_each_damage({"idx"}, [&](const std::string&, rocksdb::Env& disk) {
    const StorePlace place{.directory = directory_.path(), .env = &disk};
    const auto fault = examine_store(place);
    ASSERT_TRUE(fault);
    const auto report = repair_store(place, runtime::system_clock(), runtime::system_random());
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->index_rebuilt, fault->has_value());
    EXPECT_THAT(report->ended, IsEmpty()) << "no event was lost";
    EXPECT_THAT(report->damaged, IsEmpty());
    rebuilt += report->index_rebuilt ? 1 : 0;
    EXPECT_FALSE(examine_store(place)->has_value());
    const auto store = open_store(directory_.path(), &disk);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_THAT(expect_whole_or_damaged(**store), IsEmpty());
    StoreDriver driver(**store);
    for (const auto& [id, known] : known_) {
      EXPECT_EQ(driver.start(*known.record.owner, "work", known.input, known.record.idempotency_key), id);
    }
    expect_all_sound_jobs_run(**store, {});
  });
  EXPECT_GT(rebuilt, 8U);
}

}  // namespace
}  // namespace hawser::store
