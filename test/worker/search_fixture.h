#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "worker/handler.h"

namespace hawser::worker {

/// A folder to search and a data directory beside it, removed at the end.
class SearchFolder {
 public:
  SearchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hawser_search_XXXXXX").string();
    root_ = ::mkdtemp(name.data()) == nullptr ? "" : name;
    std::filesystem::create_directories(text());
  }
  ~SearchFolder() { std::filesystem::remove_all(root_); }
  SearchFolder(const SearchFolder&) = delete;
  SearchFolder& operator=(const SearchFolder&) = delete;

  std::string text() const { return root_ + "/text"; }
  std::string data() const { return root_ + "/data"; }
  std::string generation(int number) const {
    return data() + "/search/generation-" + std::to_string(number) + ".db";
  }

  /// Writes a file whose time stamp differs from that of any earlier write.
  void write(const std::string& path, std::string_view content) {
    const auto full = std::filesystem::path(text()) / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << content;
    const timespec stamp{++seconds_, 0};
    const timespec times[] = {stamp, stamp};
    ASSERT_EQ(::utimensat(AT_FDCWD, full.c_str(), times, 0), 0);
  }

  /// Files in which `word` occurs once to a few times, so that ranks differ and also tie.
  void write_many(std::string_view word, int files) {
    for (int i = 0; i < files; ++i) {
      std::string content = "Chapter " + std::to_string(i) + "\n\n";
      for (int line = 0; line < i % 4 + 1; ++line) {
        content += "Some " + std::string(word) + " in line" +
                   std::string(static_cast<std::size_t>(i % 3), 's') + ".\n\n";
      }
      write("part" + std::to_string(i % 5) + "/file" + std::to_string(i) + ".txt", content);
    }
  }

 private:
  std::string root_;
  time_t seconds_ = 1'600'000'000;
};

class FakeClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  WallMillis wall_now() const override { return 0; }
  void advance(Duration duration) { now_ += duration; }

 private:
  TimePoint now_{std::chrono::hours(1)};
};

/// Records what a handler does, and stops it after so many chunks.
class FakeContext final : public JobContext {
 public:
  struct Report {
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    std::string message;
  };

  explicit FakeContext(std::string input, ResumePoint point = {})
      : input_(std::move(input)), point_(std::move(point)) {}

  const JobId& id() const override { return id_; }
  std::string_view owner() const override { return "ada"; }
  std::string_view input() const override { return input_; }
  const ResumePoint& resume_point() const override { return point_; }

  Status emit(std::string chunk) override {
    if (on_emit) on_emit(*this);
    order += 'c';
    chunks.push_back(std::move(chunk));
    if (chunks.size() == stop_after) stop(StopReason::cancelled);
    if (clock != nullptr) emitted_at.push_back(clock->now());
    return {};
  }
  Status progress(std::uint64_t current, std::uint64_t total, std::string_view message) override {
    reports.push_back({current, total, std::string(message)});
    if (on_progress) on_progress(*this);
    return {};
  }
  Status checkpoint(std::string state) override {
    order += 'C';
    checkpoints.push_back(std::move(state));
    return {};
  }
  void checkpoint_with(std::function<std::string()>) override {}
  bool sleep_for(std::chrono::nanoseconds duration) override {
    if (clock != nullptr) clock->advance(duration);
    return !source_.stop_requested();
  }
  std::stop_token stop_token() const override { return source_.get_token(); }
  StopReason stop_reason() const override { return reason_; }

  void stop(StopReason reason) {
    reason_ = reason;
    source_.request_stop();
  }

  /// Where a later run of this job would begin.
  ResumePoint next_point() const {
    ResumePoint next{point_.attempt + 1, point_.chunk_count + chunks.size(), point_.checkpoint};
    if (!checkpoints.empty()) next.checkpoint = checkpoints.back();
    return next;
  }

  std::vector<std::string> chunks;
  std::vector<std::string> checkpoints;
  std::vector<Report> reports;
  std::string order;  ///< 'c' for each chunk, 'C' for each checkpoint
  std::vector<TimePoint> emitted_at;
  std::size_t stop_after = 0;
  FakeClock* clock = nullptr;
  std::function<void(FakeContext&)> on_emit;
  std::function<void(FakeContext&)> on_progress;

 private:
  JobId id_;
  std::string input_;
  ResumePoint point_;
  std::stop_source source_;
  StopReason reason_ = StopReason::none;
};

}  // namespace hawser::worker
