#pragma once

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "job/job_store.h"
#include "runtime/system.h"

namespace hawser::store {

/// A directory of its own that is removed with all it holds.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "hawser_store_XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline JobId new_id() {
  std::array<std::uint8_t, 10> entropy{};
  runtime::system_random().fill(entropy.data(), entropy.size());
  return JobId::make(runtime::system_clock().wall_now(), entropy);
}

inline job::NewEvent chunk(std::string payload) {
  return {job::EventKind::chunk, std::move(payload)};
}
inline job::NewEvent checkpoint(std::string payload) {
  return {job::EventKind::checkpoint, std::move(payload)};
}

inline Errc code_of(const Result<job::Reply>& reply) {
  return reply ? Errc::internal : reply.error().code;
}

/// Speaks to a store in whole sentences: sends a command and waits for its answer.
class StoreDriver {
 public:
  explicit StoreDriver(job::JobStore& store) : store_(store) {}

  Result<job::Reply> run(job::Command command) {
    std::promise<Result<job::Reply>> answer;
    auto result = answer.get_future();
    store_.submit(std::move(command), [&](Result<job::Reply> reply) { answer.set_value(std::move(reply)); });
    return result.get();
  }

  JobId start(std::string owner = "ann", std::string type = "work", std::string input = "{}",
              std::string key = "") {
    const auto id = new_id();
    return run(job::Start{id, std::move(owner), std::move(type), std::move(input), std::move(key)})
        .value()
        .id;
  }

  /// Claims the oldest job of the type; its epoch is kept for the calls below.
  std::unique_ptr<job::ClaimedJob> claim(std::string type = "work") {
    return run(job::Claim{{std::move(type)}, "worker"}).value().claimed;
  }

  Result<job::Reply> begin(const job::ClaimedJob& claimed, job::ContinueFrom from = {}) {
    return run(job::Begin{claimed.record.id, claimed.record.epoch, from});
  }

  /// A job that runs, with job:started as its only event.
  job::JobRecord running(std::string owner = "ann", std::string type = "work") {
    const auto id = start(std::move(owner), type);
    begin(*claim(std::move(type))).value();
    return store_.find(id).value();
  }

  Result<job::Reply> append(const job::JobRecord& record, std::uint64_t producer_sequence,
                            std::vector<job::NewEvent> events) {
    return run(job::Append{record.id, record.epoch, producer_sequence, std::move(events)});
  }

  Result<job::Reply> finish(const job::JobRecord& record, job::EventKind outcome = job::EventKind::completed,
                            std::string payload = "{}") {
    return run(job::Finish{record.id, record.epoch, outcome, std::move(payload)});
  }

  /// Returns once all groups before this call have been announced.
  void settle() { claim("no such type"); }

  /// The whole log of a job.
  std::vector<job::EventPtr> log(const JobId& id) {
    return store_.read_job(id, 0, everything()).value().events;
  }

  static job::ReadLimits everything() { return {.events = 1'000'000, .bytes = 1'000'000'000}; }

 private:
  job::JobStore& store_;
};

/// Keeps all that a store announces.
class Announcements {
 public:
  job::CommitListener listener() {
    return [this](const std::shared_ptr<const job::CommitGroup>& group) {
      const std::lock_guard lock(mutex_);
      groups_.push_back(group);
    };
  }

  std::vector<job::EventPtr> events() const {
    const std::lock_guard lock(mutex_);
    std::vector<job::EventPtr> all;
    for (const auto& group : groups_) all.insert(all.end(), group->events.begin(), group->events.end());
    return all;
  }

  std::vector<JobId> revoked() const {
    const std::lock_guard lock(mutex_);
    std::vector<JobId> all;
    for (const auto& group : groups_) {
      for (const auto& revoked : group->revoked) all.push_back(revoked.id);
    }
    return all;
  }

  std::size_t work_queued() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const auto& group : groups_) count += group->work_queued ? 1 : 0;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const job::CommitGroup>> groups_;
};

inline std::vector<std::string> payloads(const std::vector<job::EventPtr>& events) {
  std::vector<std::string> result;
  result.reserve(events.size());
  for (const auto& event : events) result.push_back(*event->payload);
  return result;
}

inline std::vector<job::EventKind> kinds(const std::vector<job::EventPtr>& events) {
  std::vector<job::EventKind> result;
  result.reserve(events.size());
  for (const auto& event : events) result.push_back(event->kind);
  return result;
}

}  // namespace hawser::store
