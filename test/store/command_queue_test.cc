#include "store/command_queue.h"

#include <string>

#include "base/limits.h"
#include "store/partial_output.h"

namespace hawser::store {
namespace {

PendingCommand append_of(std::size_t events, std::size_t bytes) {
  job::Append append;
  append.events.resize(events);
  append.events[0].payload = std::string(bytes, '1');
  return {std::move(append), {}};
}

TEST(CommandQueue, a_group_is_bounded_in_events_and_bytes_but_has_at_least_one_command) {
  CommandQueue queue;
  for (const auto& [events, bytes] : {std::pair<std::size_t, std::size_t>{limits::kCommitGroupEvents * 2, 1},
                                      {limits::kCommitGroupEvents - 1, 1},
                                      {1, 1},
                                      {1, 1},
                                      {1, limits::kCommitGroupBytes},
                                      {1, 1}}) {
    auto pending = append_of(events, bytes);
    ASSERT_TRUE(queue.push(pending));
  }
  EXPECT_EQ(queue.pop_group().size(), 1U);
  EXPECT_EQ(queue.pop_group().size(), 2U);
  EXPECT_EQ(queue.pop_group().size(), 1U);
  EXPECT_EQ(queue.pop_group().size(), 1U);
  EXPECT_EQ(queue.pop_group().size(), 1U);
}

TEST(CommandQueue, a_full_queue_refuses_new_work_but_still_takes_endings) {
  CommandQueue queue;
  for (std::size_t i = 0; i < limits::kCommitQueueCommands; ++i) {
    PendingCommand pending(job::Append{}, {});
    ASSERT_TRUE(queue.push(pending));
  }
  PendingCommand append(job::Append{}, {});
  PendingCommand start(job::Start{}, {});
  PendingCommand finish(job::Finish{}, {});
  PendingCommand cancel(job::Cancel{}, {});
  EXPECT_EQ(queue.push(append).error().code, Errc::overloaded);
  EXPECT_EQ(queue.push(start).error().code, Errc::overloaded);
  EXPECT_TRUE(queue.push(finish));
  EXPECT_TRUE(queue.push(cancel));
  for (std::size_t i = queue.size(); i < 2 * limits::kCommitQueueCommands; ++i) {
    PendingCommand pending(job::Cancel{}, {});
    ASSERT_TRUE(queue.push(pending));
  }
  EXPECT_EQ(queue.push(cancel).error().code, Errc::overloaded);
}

TEST(CommandQueue, bytes_that_wait_are_bounded) {
  CommandQueue queue;
  for (std::size_t bytes = 0; bytes < limits::kCommitQueueBytes; bytes += limits::kMaxEventPayload) {
    auto pending = append_of(1, limits::kMaxEventPayload);
    ASSERT_TRUE(queue.push(pending));
  }
  auto one_more = append_of(1, 1);
  EXPECT_EQ(queue.push(one_more).error().code, Errc::overloaded);
  queue.pop_group();
  EXPECT_TRUE(queue.push(one_more));
}

TEST(CommandQueue, a_closed_queue_gives_out_what_it_has_and_then_nothing) {
  CommandQueue queue;
  PendingCommand first(job::Cancel{}, {});
  PendingCommand late(job::Cancel{}, {});
  ASSERT_TRUE(queue.push(first));
  queue.close();
  EXPECT_EQ(queue.push(late).error().code, Errc::shutting_down);
  EXPECT_EQ(queue.pop_group().size(), 1U);
  EXPECT_TRUE(queue.pop_group().empty());
}

TEST(PartialOutput, a_log_that_contradicts_itself_is_corrupt) {
  for (const std::string payload :
       {R"({"attempt":2})", R"({"attempt":2,"keepThrough":2})", R"({"attempt":2,"keepThrough":-1})"}) {
    const auto output = standing_output(3, [&](std::uint64_t) -> Result<LogEntry> {
      return LogEntry{job::EventKind::resumed, payload};
    });
    ASSERT_FALSE(output) << payload;
    EXPECT_EQ(output.error().code, Errc::damaged);
  }
}

TEST(PartialOutput, an_unreadable_event_is_not_left_out) {
  const auto output =
      standing_output(3, [](std::uint64_t) -> Result<LogEntry> { return fail(Errc::damaged, "x"); });
  EXPECT_FALSE(output);
}

}  // namespace
}  // namespace hawser::store
