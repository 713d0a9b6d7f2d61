#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "worker/handler.h"

namespace hawser::worker {

/// A run without executor and store: keeps what the handler writes. Safe to watch from another thread.
class RecordingContext final : public JobContext {
 public:
  explicit RecordingContext(std::string input, ResumePoint point = {})
      : input_(std::move(input)), point_(std::move(point)) {}

  const JobId& id() const override { return id_; }
  std::string_view owner() const override { return "ada"; }
  std::string_view input() const override { return input_; }
  const ResumePoint& resume_point() const override { return point_; }

  Status emit(std::string chunk) override {
    const std::lock_guard lock(mutex_);
    if (chunks_.size() == emit_limit) return fail(Errc::fenced, "The limit of the test is reached.");
    chunks_.push_back(std::move(chunk));
    grown_.notify_all();
    if (state_ && (point_.chunk_count + chunks_.size()) % limits::kDefaultCheckpointEvery == 0) {
      checkpoints_.push_back(state_());
    }
    return {};
  }
  Status progress(std::uint64_t current, std::uint64_t /*total*/, std::string_view /*message*/) override {
    progress_.push_back(current);
    return {};
  }
  Status checkpoint(std::string state) override {
    checkpoints_.push_back(std::move(state));
    return {};
  }
  void checkpoint_with(std::function<std::string()> state) override { state_ = std::move(state); }
  bool sleep_for(std::chrono::nanoseconds duration) override {
    slept_ += duration;
    return !source_.stop_requested();
  }
  std::stop_token stop_token() const override { return source_.get_token(); }
  StopReason stop_reason() const override { return reason_; }

  // -- The test's side --
  void stop(StopReason reason) {
    reason_ = reason;
    source_.request_stop();
  }
  /// Waits until the chunks together contain `text`, or two thirds of a minute have passed.
  bool wait_for(std::string_view text) {
    std::unique_lock lock(mutex_);
    return grown_.wait_for(lock, std::chrono::seconds(40),
                           [&] { return joined().find(text) != std::string::npos; });
  }
  std::vector<std::string> chunks() const {
    const std::lock_guard lock(mutex_);
    return chunks_;
  }
  const std::vector<std::uint64_t>& progress_seen() const { return progress_; }
  const std::vector<std::string>& checkpoints() const { return checkpoints_; }
  std::chrono::nanoseconds slept() const { return slept_; }

  /// How many chunks are accepted before `emit` fails.
  std::size_t emit_limit = static_cast<std::size_t>(-1);

 private:
  std::string joined() const {
    std::string all;
    for (const auto& chunk : chunks_) all += chunk;
    return all;
  }

  JobId id_;
  std::string input_;
  ResumePoint point_;
  std::function<std::string()> state_;
  std::stop_source source_;
  std::atomic<StopReason> reason_{StopReason::none};
  mutable std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<std::string> chunks_;
  std::vector<std::uint64_t> progress_;
  std::vector<std::string> checkpoints_;
  std::chrono::nanoseconds slept_{};
};

}  // namespace hawser::worker
