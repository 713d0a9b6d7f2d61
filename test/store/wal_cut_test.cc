#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>
#include <set>

#include "test/store/memory_disk.h"
#include "test/store/rocksdb_fixture.h"

// A write-ahead log that ends anywhere in its last 64 KiB: the store opens with every commit group whose
// bytes are all there, and with nothing else.
namespace hawser::store {
namespace {

constexpr std::size_t kTail = 64 * limits::kKiB;
/// From one cut to the next; 1 tries every byte.
std::size_t step() {
  const char* text = std::getenv("HAWSER_TEST_WAL_STEP");
  return text == nullptr ? 127 : std::max(1UL, std::strtoul(text, nullptr, 10));
}

bool is_wal(const std::string& name) {
  return name.ends_with(".log");
}

using Records = std::map<JobId, job::JobRecord>;

/// The length of the log and what the store held when a commit group had just become durable.
struct Boundary {
  std::size_t wal_size = 0;
  Records records;
  std::set<JobId> deleted;
  std::map<std::string, std::uint64_t> heads;
  std::map<std::string, std::uint64_t> floors;  ///< last positions of deleted jobs
};

/// Jobs of three owners in all their states; what the store holds is noted after each group that was
/// acknowledged.
class History {
 public:
  explicit History(const std::string& directory) : directory_(directory + "/jobs") {
    open_store(directory).value().reset();  // The log of the store that is killed begins with no creation.
    store_ = open_store(directory).value();
    write_old_tables();
    wal_ = newest_wal();
    for (int round = 0; round < 12; ++round) play(round);
    for (const auto& [id, record] : boundaries_.back().records) keep_log(id);
    files_ = read_files(directory_);  // As a kill would leave them.
  }

  const std::vector<File>& files() const { return files_; }
  std::size_t wal_size() const { return boundaries_.back().wal_size; }
  const std::vector<Boundary>& boundaries() const { return boundaries_; }
  const std::map<JobId, std::vector<job::EventPtr>>& logs() const { return logs_; }

  /// Everything that was acknowledged before the log had more than `size` bytes.
  const Boundary& at(std::size_t size) const {
    const auto after = std::ranges::upper_bound(boundaries_, size, {}, &Boundary::wal_size);
    return *std::prev(after);
  }

 private:
  std::string newest_wal() const {
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      if (is_wal(file.path())) newest = std::max(newest, file.path().string());
    }
    return newest;
  }

  void write_old_tables() {
    StoreDriver driver(*store_);
    const auto record = driver.running("ann");
    driver.append(record, 1, {chunk("\"old\"")}).value();
    driver.finish(record).value();
    ids_.push_back(record.id);
    wal_ = newest_wal();
    note();
  }

  /// On the committer's thread, between two groups.
  void note() {
    Boundary boundary;
    boundary.wal_size = std::filesystem::file_size(wal_);
    for (const auto& id : ids_) {
      if (auto record = store_->find(id)) boundary.records.emplace(id, *std::move(record));
      if (const auto tombstone = store_->tombstone(id)) {
        boundary.deleted.insert(id);
        auto& floor = boundary.floors[tombstone->owner];
        floor = std::max(floor, tombstone->last_position);
      }
    }
    for (const char* owner : {"ann", "ben", "cleo"})
      boundary.heads[owner] = store_->owner_head(owner).value();
    if (!boundaries_.empty() && boundaries_.back().wal_size == boundary.wal_size) boundaries_.pop_back();
    boundaries_.push_back(std::move(boundary));
  }

  /// Commands that are submitted at once share commit groups.
  std::vector<job::Reply> run(std::vector<job::Command> commands) {
    std::vector<std::promise<job::Reply>> promises(commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) {
      store_->submit(std::move(commands[i]), [this, &promise = promises[i]](Result<job::Reply> reply) {
        note();
        promise.set_value(std::move(reply).value());
      });
    }
    std::vector<job::Reply> replies;
    replies.reserve(promises.size());
    for (auto& promise : promises) replies.push_back(promise.get_future().get());
    return replies;
  }

  void play(int round) {
    const auto number = std::to_string(round);
    std::vector<job::Command> starts;
    for (const std::string owner : {"ann", "ben", "cleo"}) {
      ids_.push_back(new_id());
      starts.emplace_back(job::Start{ids_.back(), owner, "work" + number, '"' + owner + '"',
                                     round % 2 == 0 ? "key" + number : ""});
    }
    run(std::move(starts));
    const job::Claim claim{{"work" + number}, "worker"};
    auto claimed = run({claim, claim, claim});
    std::vector<job::Command> begins;
    for (const auto& reply : claimed) begins.emplace_back(job::Begin{reply.id, reply.epoch, {}});
    run(std::move(begins));
    for (std::size_t step = 0; step < 4; ++step) run(appends(claimed, round, step));
    run(endings(claimed, round));
    if (round % 2 == 0) return;
    const auto id = claimed[round % 4 == 1 ? 0 : 1].id;
    keep_log(id);
    run({job::Purge{id}});
  }

  void keep_log(const JobId& id) {
    logs_[id] = store_->read_job(id, 0, StoreDriver::everything()).value().events;
  }

  static std::vector<job::Command> appends(const std::vector<job::Reply>& jobs, int round, std::size_t step) {
    std::vector<job::Command> result;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      // From a few bytes to more than a block of the log.
      const std::size_t size =
          round == 7 && step == 1 && i == 1 ? 40'000 : 20 + 131 * ((round + step * 5 + i) % 9);
      result.emplace_back(job::Append{jobs[i].id,
                                      jobs[i].epoch,
                                      2 * step + 1,
                                      {chunk('"' + std::string(size, static_cast<char>('a' + step)) + '"'),
                                       checkpoint("{\"at\":" + std::to_string(step) + "}")}});
    }
    return result;
  }

  /// One completes, one is cancelled, one goes on or fails.
  static std::vector<job::Command> endings(const std::vector<job::Reply>& jobs, int round) {
    std::vector<job::Command> result;
    result.emplace_back(job::Finish{jobs[0].id, jobs[0].epoch, job::EventKind::completed, "{\"done\":true}"});
    result.emplace_back(job::Cancel{jobs[1].id, *jobs[1].claimed->record.owner, "enough"});
    if (round % 3 == 0) {
      result.emplace_back(job::Finish{jobs[2].id, jobs[2].epoch, job::EventKind::failed,
                                      R"({"error":"x","code":"handler_failed"})"});
    }
    return result;
  }

  std::string directory_;
  std::unique_ptr<RocksDbJobStore> store_;
  std::string wal_;
  std::vector<JobId> ids_;
  std::vector<Boundary> boundaries_;
  std::vector<File> files_;
  std::map<JobId, std::vector<job::EventPtr>> logs_;
};

void expect_same(const std::vector<job::EventPtr>& found, const std::vector<job::EventPtr>& written,
                 std::size_t count) {
  ASSERT_EQ(found.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(found[i]->sequence, i + 1);
    EXPECT_EQ(found[i]->kind, written[i]->kind);
    EXPECT_EQ(found[i]->position, written[i]->position);
    EXPECT_EQ(*found[i]->payload, *written[i]->payload);
  }
}

std::vector<File> with_wal_cut(std::vector<File> files, std::size_t size) {
  for (auto& file : files) {
    if (is_wal(file.name)) file.bytes.resize(std::min(size, file.bytes.size()));
  }
  return files;
}

/// The store holds what the boundary has, and none of the jobs and events that came later.
void expect_exactly(job::JobStore& store, const Boundary& boundary, const History& history) {
  for (const auto& [id, log] : history.logs()) {
    const auto expected = boundary.records.find(id);
    const auto found = store.find(id);
    if (expected == boundary.records.end()) {
      ASSERT_FALSE(found);
      EXPECT_EQ(found.error().code, Errc::not_found);
      EXPECT_EQ(store.tombstone(id).has_value(), boundary.deleted.contains(id));
      continue;
    }
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(found->last_sequence, expected->second.last_sequence);
    EXPECT_EQ(found->log_bytes, expected->second.log_bytes);
    EXPECT_EQ(job::has_ended(found->state), job::has_ended(expected->second.state));
    EXPECT_TRUE(found->holder.empty());
    EXPECT_TRUE(store.input(id));
    const auto page = store.read_job(id, 0, StoreDriver::everything());
    ASSERT_TRUE(page) << page.error().message;
    expect_same(page->events, log, expected->second.last_sequence);
  }
  for (const auto& [owner, head] : boundary.heads) {
    const auto known = boundary.floors.find(owner);
    const auto floor = known == boundary.floors.end() ? 0 : known->second;
    if (floor > 0) {
      EXPECT_EQ(store.read_owner(owner, floor - 1, {}).error().code, Errc::reset);
    }
    const auto page = store.read_owner(owner, floor, StoreDriver::everything());
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->head, head);
    ASSERT_EQ(page->events.size(), head - floor);
    for (std::size_t i = 0; i < page->events.size(); ++i) EXPECT_EQ(page->events[i]->position, floor + i + 1);
  }
}

/// Where the log is cut: every so many bytes of its tail, and at and just before the end of each group there.
std::set<std::size_t> cuts(const History& history) {
  const auto first = history.wal_size() - kTail;
  std::set<std::size_t> sizes;
  for (auto size = first; size <= history.wal_size(); size += step()) sizes.insert(size);
  for (const auto& boundary : history.boundaries()) {
    if (boundary.wal_size > first) sizes.insert({boundary.wal_size - 1, boundary.wal_size});
  }
  return sizes;
}

TEST(WalCut, a_log_cut_anywhere_in_its_last_64_kib_opens_with_every_whole_group_and_nothing_else) {
  const TemporaryDirectory source;
  const History history(source.path());
  ASSERT_GT(history.wal_size(), kTail);
  ASSERT_GT(history.boundaries().size(), 80U);
  spdlog::set_level(spdlog::level::err);  // Each cut is a line.
  const TemporaryDirectory lock;          // The store's own lock is on a real directory.
  for (const auto size : cuts(history)) {
    const auto env = disk_with(lock.path() + "/jobs", with_wal_cut(history.files(), size));
    const auto store = open_store(lock.path(), env.get());
    ASSERT_TRUE(store) << "cut at " << size << ": " << store.error().message;
    expect_exactly(**store, history.at(size), history);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "cut at " << size;
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace
}  // namespace hawser::store
