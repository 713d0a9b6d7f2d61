#include "job/state.h"

#include <array>

#include "job/event.h"

namespace hawser::job {
namespace {

constexpr std::array kAllStates{JobState::created,   JobState::running, JobState::checkpointed,
                                JobState::completed, JobState::failed,  JobState::cancelled};

TEST(State, every_pair_is_valid_exactly_as_the_original_had_it) {
  // Rows: from; columns: to, in the order of kAllStates.
  constexpr std::array<std::array<bool, 6>, 6> kTable{{
      /* created      */ {false, true, false, false, false, true},
      /* running      */ {false, false, true, true, true, true},
      /* checkpointed */ {false, true, false, true, true, true},
      /* completed    */ {false, false, false, false, false, false},
      /* failed       */ {false, true, false, false, false, false},
      /* cancelled    */ {false, false, false, false, false, false},
  }};
  for (std::size_t from = 0; from < kAllStates.size(); ++from) {
    for (std::size_t to = 0; to < kAllStates.size(); ++to) {
      EXPECT_EQ(is_valid_transition(kAllStates[from], kAllStates[to]), kTable[from][to])
          << to_string(kAllStates[from]) << " -> " << to_string(kAllStates[to]);
    }
  }
}

TEST(State, next_states_agree_with_the_pairs) {
  for (const auto from : kAllStates) {
    for (const auto to : valid_next_states(from)) EXPECT_TRUE(is_valid_transition(from, to));
    EXPECT_EQ(is_terminal(from), valid_next_states(from).empty()) << to_string(from);
  }
}

TEST(State, failed_has_ended_but_is_not_terminal) {
  EXPECT_TRUE(has_ended(JobState::failed));
  EXPECT_FALSE(is_terminal(JobState::failed));
  EXPECT_FALSE(has_ended(JobState::created));
  EXPECT_FALSE(has_ended(JobState::running));
  EXPECT_FALSE(has_ended(JobState::checkpointed));
  EXPECT_TRUE(has_ended(JobState::completed));
  EXPECT_TRUE(has_ended(JobState::cancelled));
}

TEST(State, names_can_be_read_back) {
  for (const auto state : kAllStates) EXPECT_EQ(parse_state(to_string(state)), state);
  EXPECT_EQ(parse_state("paused"), std::nullopt);
  EXPECT_EQ(parse_state(""), std::nullopt);
}

TEST(Event, names_on_the_wire_and_which_of_them_end_a_series) {
  struct Row {
    EventKind kind;
    std::string_view name;
    bool ends;
  };
  for (const auto& row :
       {Row{EventKind::started, "job:started", false}, Row{EventKind::chunk, "job:chunk", false},
        Row{EventKind::progress, "job:progress", false}, Row{EventKind::checkpoint, "job:checkpoint", false},
        Row{EventKind::resumed, "job:resumed", false}, Row{EventKind::completed, "job:completed", true},
        Row{EventKind::failed, "job:failed", true}, Row{EventKind::cancelled, "job:cancelled", true}}) {
    EXPECT_EQ(event_name(row.kind), row.name);
    EXPECT_EQ(is_ending(row.kind), row.ends) << row.name;
  }
}

}  // namespace
}  // namespace hawser::job
