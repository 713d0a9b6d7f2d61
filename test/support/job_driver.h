#pragma once

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "job/job_store.h"
#include "test/support/fake_loop.h"

namespace hawser::test {

/// Plays the worker on a store that answers within `submit`.
class JobDriver {
 public:
  explicit JobDriver(job::JobStore& store) : store_(store) {}

  /// A new job of `owner`, created and not begun.
  JobId create(const std::string& owner, const std::string& input = "{}") {
    std::array<std::uint8_t, 10> random{};
    ++created_;
    for (std::size_t i = 0; i < 4; ++i) random[9 - i] = static_cast<std::uint8_t>(created_ >> (8 * i));
    const auto id = JobId::make(FakeLoop::kStartWall, random);
    submit(job::Start{.id = id, .owner = owner, .type = "test-job", .input = input, .idempotency_key = {}});
    return id;
  }

  /// Claims the oldest queued job and begins its run: one event.
  JobId begin() {
    auto reply = submit(job::Claim{{"test-job"}, "driver"});
    const auto id = reply.claimed->record.id;
    epochs_[id] = {reply.claimed->record.epoch, 0};
    submit(job::Begin{.id = id, .epoch = epochs_[id].first, .from = job::ContinueFrom::last_event});
    return id;
  }

  /// A job that has written its job:started.
  JobId start(const std::string& owner, const std::string& input = "{}") {
    create(owner, input);
    return begin();
  }

  void append(const JobId& id, std::vector<std::string> chunks) {
    std::vector<job::NewEvent> events;
    for (auto& chunk : chunks) events.push_back({job::EventKind::chunk, std::move(chunk)});
    append_events(id, std::move(events));
  }
  void append_events(const JobId& id, std::vector<job::NewEvent> events) {
    auto& [epoch, produced] = epochs_.at(id);
    const auto first = produced + 1;
    produced += events.size();
    submit(job::Append{.id = id, .epoch = epoch, .producer_sequence = first, .events = std::move(events)});
  }
  /// Chunks 1, 2, 3, … as numbers.
  void chunks(const JobId& id, int count) {
    std::vector<std::string> list;
    for (int i = 0; i < count; ++i) list.push_back(fmt::format("{}", ++numbers_[id]));
    append(id, std::move(list));
  }

  void finish(const JobId& id, job::EventKind outcome, std::string payload) {
    submit(job::Finish{
        .id = id, .epoch = epochs_.at(id).first, .outcome = outcome, .payload = std::move(payload)});
  }
  void complete(const JobId& id) { finish(id, job::EventKind::completed, "{}"); }

  job::Reply submit(job::Command command) {
    std::optional<Result<job::Reply>> answer;
    store_.submit(std::move(command), [&](Result<job::Reply> reply) { answer = std::move(reply); });
    if (!answer->has_value()) throw std::runtime_error(answer->error().message);
    return std::move(**answer);
  }

 private:
  job::JobStore& store_;
  std::uint32_t created_ = 0;
  std::map<JobId, std::pair<std::uint64_t, std::uint64_t>> epochs_;  // and events produced
  std::map<JobId, int> numbers_;
};

}  // namespace hawser::test
