#include <variant>
#include <vector>

#include "test/job/transition_fixture.h"

// Every reachable record against every command.
namespace hawser::job {
namespace {

using OneJobCommand = std::variant<Begin, Append, Finish, Release, Cancel, Resume>;

std::vector<OneJobCommand> all_commands(std::uint64_t epoch) {
  std::vector<OneJobCommand> commands;
  for (const auto from : {ContinueFrom::last_event, ContinueFrom::checkpoint, ContinueFrom::beginning}) {
    commands.emplace_back(Begin{kId, epoch, from});
  }
  for (const auto sequence : {1U, 2U, 5U}) {
    commands.emplace_back(Append{kId, epoch, sequence, {chunk(), checkpoint()}});
  }
  for (const auto outcome : {EventKind::completed, EventKind::failed, EventKind::cancelled}) {
    commands.emplace_back(Finish{kId, epoch, outcome, "{}"});
  }
  commands.emplace_back(Release{kId, epoch});
  commands.emplace_back(Cancel{kId, "ann", "enough"});
  commands.emplace_back(Resume{kId, "ann"});
  return commands;
}

/// Whether commands can lead to such a record at all.
bool is_reachable(const JobRecord& record) {
  const bool held = !record.holder.empty();
  const bool begun_here = record.run_epoch == record.epoch;
  if (record.queued && held) return false;
  switch (record.state) {
    case JobState::created: return (record.queued || held) && !begun_here && record.checkpoint_sequence == 0;
    case JobState::running: return held || (record.queued && !begun_here && record.checkpoint_sequence == 0);
    case JobState::checkpointed:
      return (record.queued || held) && !begun_here && record.checkpoint_sequence > 0;
    case JobState::failed: return !(held && begun_here);
    case JobState::completed:
    case JobState::cancelled: return !record.queued && !held;
  }
  return false;
}

/// All reachable records that differ in state, queue flag, lease, begun run and checkpoint.
std::vector<JobRecord> all_records() {
  std::vector<JobRecord> records;
  for (const auto state : {JobState::created, JobState::running, JobState::checkpointed, JobState::completed,
                           JobState::failed, JobState::cancelled}) {
    for (unsigned bits = 0; bits < 16; ++bits) {
      auto record = fresh();
      record.state = state;
      record.queued = (bits & 1U) != 0;
      record.holder = (bits & 2U) != 0 ? "worker" : "";
      record.epoch = 3;
      record.run_epoch = (bits & 4U) != 0 ? 3 : 2;
      record.checkpoint_sequence = (bits & 8U) != 0 ? 5 : 0;
      record.attempt = state == JobState::created ? 0 : 2;
      record.last_sequence = state == JobState::created ? 0 : 9;
      record.producer_sequence = 1;
      if (is_reachable(record)) records.push_back(std::move(record));
    }
  }
  return records;
}

Result<Change> decide_any(const JobRecord& record, const OneJobCommand& command) {
  return std::visit([&](const auto& one) { return decide(record, one, kNow, {}); }, command);
}

TEST(Transition, no_command_leaves_the_table_in_any_state) {
  for (const auto& record : all_records()) {
    for (const auto& command : all_commands(3)) {
      const auto change = decide_any(record, command);
      if (!change) continue;
      const auto& next = change->record;
      EXPECT_TRUE(is_reachable(next)) << to_string(record.state) << " by command " << command.index();
      EXPECT_TRUE(next.state == record.state || is_valid_transition(record.state, next.state))
          << to_string(record.state) << " -> " << to_string(next.state) << " by command " << command.index();
    }
  }
}

TEST(Transition, events_continue_the_sequence_and_at_most_the_last_one_ends_the_series) {
  for (const auto& record : all_records()) {
    for (const auto& command : all_commands(3)) {
      const auto change = decide_any(record, command);
      if (!change) continue;
      auto sequence = record.last_sequence;
      for (const auto& event : change->events) EXPECT_EQ(event.sequence, ++sequence);
      EXPECT_EQ(change->record.last_sequence, sequence);
      for (std::size_t i = 0; i + 1 < change->events.size(); ++i)
        EXPECT_FALSE(is_ending(change->events[i].kind));
      const bool ends = !change->events.empty() && is_ending(change->events.back().kind);
      if (!ends) continue;
      EXPECT_TRUE(has_ended(change->record.state) && !is_active(change->record));
      EXPECT_FALSE(has_ended(record.state)) << "two endings of one series";
    }
  }
}

TEST(Transition, an_ended_job_gets_no_event_but_the_job_resumed_of_a_claimed_resume) {
  for (const auto& record : all_records()) {
    if (!has_ended(record.state)) continue;
    for (const auto& command : all_commands(3)) {
      const auto change = decide_any(record, command);
      if (!change || change->events.empty()) continue;
      EXPECT_EQ(record.state, JobState::failed);
      EXPECT_TRUE(std::holds_alternative<Begin>(command));
      EXPECT_EQ(change->events.front().kind, EventKind::resumed);
    }
  }
}

TEST(Transition, every_write_with_another_epoch_is_refused) {
  for (const auto& record : all_records()) {
    for (const auto epoch : {0U, 2U, 4U}) {
      for (const auto& command : all_commands(epoch)) {
        if (std::holds_alternative<Cancel>(command) || std::holds_alternative<Resume>(command)) continue;
        const auto change = decide_any(record, command);
        ASSERT_FALSE(change) << to_string(record.state) << " command " << command.index();
        EXPECT_TRUE(change.error().code == Errc::fenced || change.error().code == Errc::job_ended ||
                    change.error().code == Errc::bad_request);
      }
    }
  }
}

TEST(Transition, nobody_writes_without_a_lease) {
  for (const auto& record : all_records()) {
    if (!record.holder.empty()) continue;
    for (const auto& command : all_commands(3)) {
      if (std::holds_alternative<Cancel>(command) || std::holds_alternative<Resume>(command)) continue;
      const auto change = decide_any(record, command);
      EXPECT_TRUE(!change || !change->changed) << to_string(record.state) << " command " << command.index();
    }
  }
}

}  // namespace
}  // namespace hawser::job
