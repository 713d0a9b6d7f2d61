#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "test/store/kill_child.h"
#include "test/store/rocksdb_fixture.h"

// kill -9 in the middle of appends to 64 jobs: what was acknowledged is there, and no log has a hole.
namespace hawser::store {
namespace {

constexpr std::size_t kJobs = 64;
constexpr int kRounds = 4;
constexpr int kAckPipe = 3;

struct Ack {
  JobId id;
  std::uint64_t sequence = 0;
};

void report(const JobId& id, std::uint64_t sequence) {
  const Ack ack{id, sequence};
  if (::write(kAckPipe, &ack, sizeof(ack)) != static_cast<ssize_t>(sizeof(ack))) std::_Exit(1);
}

/// One job of the child: the acknowledgement of a batch sends the next one.
struct Producer {
  job::JobStore& store;
  job::JobRecord record;
  std::uint64_t next = 1;

  void append() {
    const auto first = next;
    next += 3;
    store.submit(
        job::Append{record.id,
                    record.epoch,
                    first,
                    {chunk(std::to_string(first)), chunk(std::to_string(first + 1)), checkpoint("0")}},
        [this](const Result<job::Reply>& reply) {
          if (!reply) std::_Exit(1);
          report(record.id, reply->last_sequence);
          append();
        });
  }
};

pid_t start_child(const std::string& directory, int ack_pipe) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::dup2(ack_pipe, kAckPipe);
  // A fresh process, because RocksDB's threads do not survive a fork.
  ::execl("/proc/self/exe", "store_test", kKillChildCommand, directory.c_str(), nullptr);
  std::_Exit(127);
}

/// Lets a child work until it has acknowledged a number of batches, kills it, and returns all
/// acknowledgements.
std::map<JobId, std::uint64_t> run_and_kill(const std::string& directory, int acks_before_kill) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) std::abort();
  const pid_t child = start_child(directory, ends[1]);
  ::close(ends[1]);
  std::map<JobId, std::uint64_t> acknowledged;
  Ack ack;
  for (int count = 0; ::read(ends[0], &ack, sizeof(ack)) == static_cast<ssize_t>(sizeof(ack)); ++count) {
    acknowledged[ack.id] = ack.sequence;
    if (count == acks_before_kill) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return acknowledged;
}

void expect_gapless(job::JobStore& store, const JobId& id) {
  const auto page = store.read_job(id, 0, StoreDriver::everything());
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->events.size(), page->head);
  for (std::size_t i = 0; i < page->events.size(); ++i) EXPECT_EQ(page->events[i]->sequence, i + 1);
}

TEST(Kill, nothing_acknowledged_is_lost_and_no_log_has_a_hole) {
  const TemporaryDirectory directory;
  std::minstd_rand random(20);  // NOLINT: the same rounds every time
  for (int round = 0; round < kRounds; ++round) {
    const auto acknowledged = run_and_kill(directory.path(), static_cast<int>(random() % 1500));
    ASSERT_FALSE(acknowledged.empty());
    const auto store = open_store(directory.path());
    ASSERT_TRUE(store) << store.error().message;
    for (const auto& [id, sequence] : acknowledged) {
      const auto record = (*store)->find(id);
      ASSERT_TRUE(record);
      EXPECT_GE(record->last_sequence, sequence);
      EXPECT_TRUE(record->queued) << "the lease of the dead process is given back";
      expect_gapless(**store, id);
    }
    for (int owner = 0; owner < 4; ++owner) {
      const auto name = "owner" + std::to_string(owner);
      const auto page = (*store)->read_owner(name, 0, StoreDriver::everything());
      ASSERT_TRUE(page) << page.error().message;
      EXPECT_EQ(page->events.size(), page->head);
    }
  }
}

}  // namespace

int kill_child_main(const char* directory) {
  const auto store = open_store(directory).value();
  StoreDriver driver(*store);
  std::vector<Producer> producers;
  while (auto claimed = driver.claim()) {
    driver.begin(*claimed).value();
    producers.push_back({*store, claimed->record});
  }
  while (producers.size() < kJobs) {
    producers.push_back({*store, driver.running("owner" + std::to_string(producers.size() % 4))});
  }
  for (auto& producer : producers) producer.append();
  for (;;) ::pause();
}

}  // namespace hawser::store
