#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hawser::job {

/// States of the original system (original-contract 2.1).
enum class JobState : std::uint8_t { created, running, checkpointed, completed, failed, cancelled };

/// The one transition table:
///   created      -> running, cancelled
///   running      -> checkpointed, completed, failed, cancelled
///   checkpointed -> running, completed, failed, cancelled
///   failed       -> running                    (only by an explicit resume)
///   completed, cancelled -> none
bool is_valid_transition(JobState from, JobState to);
std::span<const JobState> valid_next_states(JobState state);
/// No successors: completed and cancelled. `failed` is not terminal, it may run again.
bool is_terminal(JobState state);
/// The stream is over until somebody resumes it: completed, failed, cancelled.
bool has_ended(JobState state);

std::string_view to_string(JobState state);
std::optional<JobState> parse_state(std::string_view text);

}  // namespace hawser::job
