// Measures what deleting jobs does to commits: `purge_bench [EVENTS] [JOBS]`. A writer appends one event
// after the other, each waiting for its commit, while a job of EVENTS events, and then JOBS small ones, are
// deleted. Numbers of docs/decisions/0005-retention.md.

#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "runtime/system.h"
#include "store/rocksdb_job_store.h"

namespace hawser::store {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

Result<job::Reply> run(job::JobStore& store, job::Command command) {
  std::promise<Result<job::Reply>> answer;
  store.submit(std::move(command), [&](Result<job::Reply> reply) { answer.set_value(std::move(reply)); });
  return answer.get_future().get();
}

job::Reply begin_job(job::JobStore& store, const std::string& owner) {
  std::array<std::uint8_t, 10> entropy{};
  runtime::system_random().fill(entropy.data(), entropy.size());
  const auto id = JobId::make(runtime::system_clock().wall_now(), entropy);
  run(store, job::Start{id, owner, owner, "{}", ""}).value();
  auto claimed = run(store, job::Claim{{owner}, "bench"}).value();
  run(store, job::Begin{id, claimed.epoch, {}}).value();
  return claimed;
}

/// Appends `events` events, in batches that fill commit groups.
JobId ended_job(job::JobStore& store, const std::string& owner, std::uint64_t events) {
  constexpr std::uint64_t kBatch = 1000;
  const auto job = begin_job(store, owner);
  const std::string payload = '"' + std::string(60, 'x') + '"';
  for (std::uint64_t done = 0; done < events; done += kBatch) {
    std::vector<job::NewEvent> batch(std::min(kBatch, events - done), {job::EventKind::chunk, payload});
    run(store, job::Append{job.id, job.epoch, done + 1, std::move(batch)}).value();
  }
  run(store, job::Finish{job.id, job.epoch, job::EventKind::completed, "{}"}).value();
  return job.id;
}

/// The times of single commits while `other` runs.
template <class Other>
void measure(job::JobStore& store, const char* name, Other other) {
  std::atomic<bool> stop{false};
  std::vector<double> times;
  const auto job = begin_job(store, name);
  std::thread writer([&] {
    for (std::uint64_t next = 1; !stop; ++next) {
      const auto from = Clock::now();
      run(store, job::Append{job.id, job.epoch, next, {{job::EventKind::chunk, "\"x\""}}}).value();
      times.push_back(milliseconds(Clock::now() - from));
    }
  });
  const auto from = Clock::now();
  other();
  const auto took = milliseconds(Clock::now() - from);
  std::this_thread::sleep_for(std::chrono::seconds(2));  // What comes after the answer counts as well.
  stop = true;
  writer.join();
  std::ranges::sort(times);
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  fmt::print("{:<10} {:>9.1f} ms; {:>6} commits beside it: median {:.2f}, 99 % {:.2f}, slowest {:.2f} ms\n",
             name, took, times.size(), at(0.5), at(0.99), at(1));
}

/// What readers pay after each of many deletions.
void measure_reads(job::JobStore& store, const std::vector<JobId>& deleted) {
  const auto job = ended_job(store, "read", 20);
  std::vector<double> times;
  for (const auto& id : deleted) {
    run(store, job::Purge{id}).value();
    const auto from = Clock::now();
    if (!store.read_job(job, 0, {})) std::abort();
    times.push_back(milliseconds(Clock::now() - from));
  }
  const auto mean = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (auto i = from; i < to; ++i) sum += times[i];
    return sum / static_cast<double>(to - from);
  };
  const auto part = times.size() / 10;
  fmt::print("a read after each of {} deletions: first tenth {:.3f} ms, last tenth {:.3f} ms\n", times.size(),
             mean(0, part), mean(times.size() - part, times.size()));
}

int bench(std::uint64_t events, std::size_t jobs) {
  std::string directory = (std::filesystem::temp_directory_path() / "purge_bench_XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return 1;
  {
    RocksDbOptions options{.directory = directory};
    const auto store = RocksDbJobStore::open(std::move(options)).value();
    const auto large = ended_job(*store, "large", events);
    std::vector<JobId> small;
    for (std::size_t i = 0; i < jobs; ++i) small.push_back(ended_job(*store, "small", 20));
    std::this_thread::sleep_for(std::chrono::seconds(8));  // What was just written is being merged.
    measure(*store, "nothing", [] {});
    measure(*store, "one large", [&] { run(*store, job::Purge{large}).value(); });
    std::vector<JobId> others;
    for (std::size_t i = 0; i < jobs; ++i) others.push_back(ended_job(*store, "other", 20));
    measure_reads(*store, others);
    measure(*store, "many small", [&] {
      for (const auto& id : small) run(*store, job::Purge{id}).value();
    });
    measure(*store, "after", [] {});
  }
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace hawser::store

int main(int count, char** arguments) {
  const auto number = [&](int at, unsigned long usual) {
    return count > at ? std::strtoul(arguments[at], nullptr, 10) : usual;
  };
  return hawser::store::bench(number(1, hawser::limits::kMaxEventsPerJob - 10), number(2, 2'000));
}
