#include "job/state.h"

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::job {
namespace {

using enum JobState;

constexpr std::array kFromCreated{running, cancelled};
constexpr std::array kFromRunning{checkpointed, completed, failed, cancelled};
constexpr std::array kFromCheckpointed{running, completed, failed, cancelled};
constexpr std::array kFromFailed{running};

constexpr std::array kNames{
    std::pair{created, std::string_view("created")},
    std::pair{running, std::string_view("running")},
    std::pair{checkpointed, std::string_view("checkpointed")},
    std::pair{completed, std::string_view("completed")},
    std::pair{failed, std::string_view("failed")},
    std::pair{cancelled, std::string_view("cancelled")},
};

}  // namespace

std::span<const JobState> valid_next_states(JobState state) {
  switch (state) {
    case created: return kFromCreated;
    case running: return kFromRunning;
    case checkpointed: return kFromCheckpointed;
    case failed: return kFromFailed;
    case completed:
    case cancelled: return {};
  }
  return {};
}

bool is_valid_transition(JobState from, JobState to) {
  const auto next = valid_next_states(from);
  return std::ranges::find(next, to) != next.end();
}

bool is_terminal(JobState state) {
  return state == completed || state == cancelled;
}

bool has_ended(JobState state) {
  return is_terminal(state) || state == failed;
}

std::string_view to_string(JobState state) {
  const auto* found = std::ranges::find(kNames, state, [](const auto& entry) { return entry.first; });
  return found == kNames.end() ? "unknown" : found->second;
}

std::optional<JobState> parse_state(std::string_view text) {
  const auto* found = std::ranges::find(kNames, text, [](const auto& entry) { return entry.second; });
  if (found == kNames.end()) return std::nullopt;
  return found->first;
}

}  // namespace hawser::job
