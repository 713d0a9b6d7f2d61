#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "test/store/rocksdb_fixture.h"

// What the log says of a damaged table, and what compactions do with one.
namespace hawser::store {
namespace {

using ::testing::HasSubstr;

/// What is logged while it lives.
class LogText {
 public:
  LogText() : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)) {
    spdlog::default_logger()->sinks().push_back(sink_);
  }
  ~LogText() { std::erase(spdlog::default_logger()->sinks(), sink_); }
  LogText(const LogText&) = delete;
  LogText& operator=(const LogText&) = delete;

  std::size_t count(const std::string& part) const {
    const auto text = text_.str();
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_;
};

std::string noise(std::size_t size) {
  static std::minstd_rand random(3);  // NOLINT: the same every time
  std::string text = "\"";
  while (text.size() < size) text += static_cast<char>('a' + random() % 26);
  return text + '"';
}

class DamagedTable : public ::testing::Test {
 protected:
  /// A job with a log of several blocks, in tables of its own.
  JobId write_job() {
    const auto store = open_store(directory_.path()).value();
    StoreDriver driver(*store);
    const auto record = driver.running("ann", "once");
    for (std::uint64_t at = 1; at <= 12; ++at) driver.append(record, at, {chunk(noise(4000))}).value();
    driver.finish(record).value();
    return record.id;
  }

  void damage_largest_table() {
    std::string largest;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path() + "/jobs")) {
      const bool table = file.path().extension() == ".sst";
      if (table && (largest.empty() || file.file_size() > std::filesystem::file_size(largest)))
        largest = file.path();
    }
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.write("damage", 6);
    name_ = std::filesystem::path(largest).filename();
  }

  TemporaryDirectory directory_;
  std::string name_;
};

TEST_F(DamagedTable, file_and_job_are_named_once_however_often_they_are_read) {
  const auto id = write_job();
  damage_largest_table();
  const LogText log;
  const auto store = open_store(directory_.path()).value();
  for (int i = 0; i < 20; ++i) {
    const auto page = store->read_job(id, 0, {});
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, Errc::damaged);
    EXPECT_THAT(page.error().message, HasSubstr(id.to_string()));
    EXPECT_EQ(store->read_owner("ann", 0, {}).error().code, Errc::damaged);
  }
  EXPECT_EQ(log.count(name_), 1U);
  EXPECT_EQ(log.count(id.to_string()), 1U);
}

TEST_F(DamagedTable, an_owner_is_read_on_behind_a_damaged_job) {
  write_job();
  damage_largest_table();
  const auto store = open_store(directory_.path()).value();
  StoreDriver driver(*store);
  const auto head = store->owner_head("ann").value();
  const auto record = driver.running("ann", "after");
  driver.append(record, 1, {chunk("1")}).value();
  const auto page = store->read_owner("ann", head, {});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->events.size(), 2U);
}

TEST_F(DamagedTable, a_compaction_that_meets_damage_ends_nothing_and_is_not_tried_for_ever) {
  JobId interrupted;
  std::vector<JobId> others;
  for (int start = 0; start < 4; ++start) {  // Four tables whose keys overlap are merged.
    {
      const auto store = open_store(directory_.path()).value();
      StoreDriver driver(*store);
      if (start == 0) interrupted = driver.start("ann", "long");
      const auto claimed = driver.claim("long");
      driver.begin(*claimed).value();
      for (std::uint64_t at = 1; at <= 12; ++at)
        driver.append(claimed->record, at, {chunk(noise(4000))}).value();
      const auto other = driver.running("ben", "other");
      driver.finish(other).value();
      others.push_back(other.id);
    }
    if (start == 0) damage_largest_table();
  }
  const LogText log;
  RocksDbOptions options{.directory = directory_.path()};
  std::atomic<bool> failed = false;
  options.fatal = [&failed](const std::string&) { failed = true; };
  options.free_space = [] { return Result<std::uint64_t>(1ULL << 40U); };
  const auto store = RocksDbJobStore::open(std::move(options)).value();
  StoreDriver driver(*store);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (log.count("no longer merged") == 0 && std::chrono::steady_clock::now() < give_up) {
    driver.run(job::Cancel{driver.start("ben"), "ben", ""}).value();
  }
  EXPECT_EQ(log.count("no longer merged"), 1U);
  EXPECT_FALSE(failed);
  EXPECT_EQ(store->read_job(interrupted, 0, {}).error().code, Errc::damaged);
  for (const auto& id : others) EXPECT_EQ(driver.log(id).size(), 2U);
  driver.start("ann");
}

}  // namespace
}  // namespace hawser::store
