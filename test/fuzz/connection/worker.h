#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "job/job_store.h"
#include "test/fuzz/choices.h"

namespace hawser::fuzz {

/// A worker that does what the input says: claims jobs, writes events, ends runs. Refusals are part of life.
class Worker {
 public:
  explicit Worker(job::JobStore& store) : store_(store) {}

  void step(Choices& choices) {
    const auto what = choices.below(8);
    if (what == 0 || runs_.empty()) return claim();
    auto& run = runs_[choices.below(runs_.size())];
    switch (what) {
      case 1: append(run, job::EventKind::checkpoint, "{\"at\":1}"); break;
      case 2: append(run, job::EventKind::progress, R"({"current":1,"total":2,"percentage":50})"); break;
      case 3: finish(run, job::EventKind::completed, "{}"); break;
      case 4: finish(run, job::EventKind::failed, R"({"error":"x","code":"handler_failed"})"); break;
      case 5: submit(job::Release{.id = run.id, .epoch = run.epoch}); break;
      case 6: append(run, job::EventKind::chunk, large_chunk(choices)); break;
      default: append(run, job::EventKind::chunk, fmt::format("\"chunk {}\"", run.produced)); break;
    }
  }

 private:
  struct Run {
    JobId id;
    std::uint64_t epoch = 0;
    std::uint64_t produced = 0;
  };

  static std::string large_chunk(Choices& choices) {
    return '"' + std::string((1 + choices.below(64)) * 1024, 'x') + '"';
  }
  void claim() {
    store_.submit(job::Claim{{"test-job"}, "worker"}, [this](Result<job::Reply> reply) {
      if (!reply || !reply->claimed) return;
      const auto& record = reply->claimed->record;
      runs_.push_back({record.id, record.epoch, 0});
      submit(job::Begin{.id = record.id, .epoch = record.epoch, .from = from(runs_.size())});
    });
  }
  static job::ContinueFrom from(std::size_t number) { return static_cast<job::ContinueFrom>(number % 3); }
  void append(Run& run, job::EventKind kind, std::string payload) {
    std::vector<job::NewEvent> events;
    events.push_back({kind, std::move(payload)});
    submit(job::Append{
        .id = run.id, .epoch = run.epoch, .producer_sequence = ++run.produced, .events = std::move(events)});
  }
  void finish(const Run& run, job::EventKind outcome, std::string payload) {
    submit(job::Finish{.id = run.id, .epoch = run.epoch, .outcome = outcome, .payload = std::move(payload)});
  }
  void submit(job::Command command) {
    store_.submit(std::move(command), [](const Result<job::Reply>&) {});
  }

  job::JobStore& store_;
  std::vector<Run> runs_;
};

}  // namespace hawser::fuzz
