#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "job/job_store.h"

namespace hawser::worker {

/// Collects appends; the test answers them when it likes. Any thread.
class HeldStore final : public job::Commands {
 public:
  struct Held {
    job::Append append;
    job::Completion completion;
  };

  void submit(job::Command command, job::Completion completion) override {
    const std::lock_guard lock(mutex_);
    held_.push_back({std::get<job::Append>(std::move(command)), std::move(completion)});
    arrived_.notify_all();
  }

  /// The oldest append that was not answered, waiting for one to arrive.
  Held next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(40), [this] { return !held_.empty(); })) {
      ADD_FAILURE() << "no append arrived";
      return {{}, [](const auto&) {}};
    }
    auto held = std::move(held_.front());
    held_.pop_front();
    return held;
  }
  /// Answers the oldest one and tells its payloads.
  std::vector<std::string> accept() {
    auto held = next();
    held.completion(job::Reply{});
    std::vector<std::string> payloads;
    for (auto& event : held.append.events) payloads.push_back(std::move(event.payload));
    return payloads;
  }
  void refuse(Errc code) { next().completion(fail(code, "refused")); }
  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Held> held_;
};

}  // namespace hawser::worker
