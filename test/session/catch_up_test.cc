#include "session/catch_up.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/limits.h"

namespace hawser::session {
namespace {

JobId job_number(std::uint8_t number) {
  return JobId::make(number, {});
}

/// Positions are sequences plus `offset`: the events of other jobs that were written before.
job::EventPtr event_of(const JobId& id, std::uint64_t sequence, std::uint64_t offset = 0) {
  job::Event event;
  event.job = id;
  event.sequence = sequence;
  event.position = sequence + offset;
  return std::make_shared<const job::Event>(std::move(event));
}

job::JobPage page_of(const JobId& id, std::uint64_t first, std::uint64_t last, std::uint64_t head) {
  job::JobPage page{{}, head};
  for (auto sequence = first; sequence <= last; ++sequence) page.events.push_back(event_of(id, sequence));
  return page;
}

std::string show(const CatchUp::Output& output) {
  struct Show {
    std::string operator()(const job::EventPtr& event) { return fmt::format("{}", event->sequence); }
    std::string operator()(const CatchUp::Accepted& accepted) {
      return fmt::format("accepted:{}", *accepted.ticket);
    }
    std::string operator()(const CatchUp::Rejected& rejected) {
      return fmt::format("rejected:{}:{}", *rejected.ticket, code_name(rejected.error.code));
    }
    std::string operator()(const CatchUp::Dropped& dropped) {
      return fmt::format("dropped:{}", *dropped.ticket);
    }
    std::string operator()(const CatchUp::Completed& completed) {
      return fmt::format("complete:{}:{}", completed.replayed, completed.requested_after);
    }
  };
  return std::visit(Show{}, output);
}

class CatchUpTest : public testing::Test {
 protected:
  std::string drain(std::uint64_t live_cursor) {
    std::string out;
    while (const auto output = catch_up.next(live_cursor)) out += (out.empty() ? "" : " ") + show(*output);
    return out;
  }
  std::uint64_t read_after() {
    const auto read = catch_up.next_read();
    EXPECT_TRUE(read);
    return read ? read->after : 999;
  }

  const JobId job = job_number(1);
  const JobId other = job_number(2);
  CatchUp catch_up;
};

TEST_F(CatchUpTest, replays_up_to_the_head_and_completes) {
  ASSERT_TRUE(catch_up.start(job, 2, 7));
  EXPECT_EQ(read_after(), 2U);
  EXPECT_FALSE(catch_up.next_read());
  catch_up.on_page(page_of(job, 3, 5, 5));
  EXPECT_EQ(drain(5), "accepted:7 3 4 5 complete:3:2");
  EXPECT_EQ(catch_up.size(), 0U);
  EXPECT_TRUE(catch_up.accepts_live(job, 6));
}

TEST_F(CatchUpTest, completes_at_once_when_nothing_is_missing) {
  ASSERT_TRUE(catch_up.start(job, 5, 7));
  read_after();
  catch_up.on_page(page_of(job, 6, 5, 5));
  EXPECT_EQ(drain(5), "accepted:7 complete:0:5");
}

TEST_F(CatchUpTest, reads_page_by_page) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  EXPECT_EQ(read_after(), 0U);
  catch_up.on_page(page_of(job, 1, 2, 3));
  EXPECT_EQ(drain(3), "accepted:7 1 2");
  EXPECT_EQ(read_after(), 2U);
  catch_up.on_page(page_of(job, 3, 3, 3));
  EXPECT_EQ(drain(3), "3 complete:3:0");
}

TEST_F(CatchUpTest, pauses_live_delivery_of_that_job_only) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  EXPECT_FALSE(catch_up.accepts_live(job, 4));
  EXPECT_TRUE(catch_up.accepts_live(other, 1));
}

TEST_F(CatchUpTest, sends_what_the_live_cursor_skipped_meanwhile) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  EXPECT_FALSE(catch_up.accepts_live(job, 3));
  EXPECT_FALSE(catch_up.accepts_live(job, 4));
  catch_up.on_page(page_of(job, 1, 2, 2));
  EXPECT_EQ(drain(4), "accepted:7 1 2");
  EXPECT_EQ(read_after(), 2U);
  EXPECT_TRUE(catch_up.holds_live());
  catch_up.on_page(page_of(job, 3, 4, 4));
  EXPECT_EQ(drain(4), "3 4 complete:4:0");
  EXPECT_FALSE(catch_up.holds_live());
  EXPECT_TRUE(catch_up.accepts_live(job, 5));
}

TEST_F(CatchUpTest, skips_live_what_the_replay_sent_ahead_of_it) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  catch_up.on_page(page_of(job, 1, 4, 4));
  EXPECT_EQ(drain(2), "accepted:7 1 2 3 4 complete:4:0");
  EXPECT_FALSE(catch_up.accepts_live(job, 3));
  EXPECT_FALSE(catch_up.accepts_live(job, 4));
  EXPECT_EQ(catch_up.size(), 0U);
  EXPECT_TRUE(catch_up.accepts_live(job, 5));
}

TEST_F(CatchUpTest, takes_turns_between_jobs) {
  ASSERT_TRUE(catch_up.start(job, 0, 1));
  ASSERT_TRUE(catch_up.start(other, 0, 2));
  EXPECT_EQ(catch_up.next_read()->job, job);
  catch_up.on_page(page_of(job, 1, 1, 2));
  EXPECT_EQ(drain(9), "accepted:1 1");
  EXPECT_EQ(catch_up.next_read()->job, other);
  catch_up.on_page(page_of(other, 1, 1, 1));
  EXPECT_EQ(drain(9), "accepted:2 1 complete:1:0");
  EXPECT_EQ(catch_up.next_read()->job, job);
  catch_up.on_page(page_of(job, 2, 2, 2));
  EXPECT_EQ(drain(9), "2 complete:2:0");
}

TEST_F(CatchUpTest, starts_again_when_asked_again_during_a_read) {
  ASSERT_TRUE(catch_up.start(job, 0, 1));
  read_after();
  ASSERT_TRUE(catch_up.start(job, 3, 2));
  EXPECT_FALSE(catch_up.next_read());
  catch_up.on_page(page_of(job, 1, 4, 4));
  EXPECT_EQ(drain(4), "dropped:1");
  EXPECT_EQ(read_after(), 3U);
  catch_up.on_page(page_of(job, 4, 4, 4));
  EXPECT_EQ(drain(4), "accepted:2 4 complete:1:3");
}

TEST_F(CatchUpTest, starts_again_when_asked_again_during_a_page) {
  ASSERT_TRUE(catch_up.start(job, 0, 1));
  read_after();
  catch_up.on_page(page_of(job, 1, 4, 4));
  EXPECT_EQ(show(*catch_up.next(4)), "accepted:1");
  EXPECT_EQ(show(*catch_up.next(4)), "1");
  ASSERT_TRUE(catch_up.start(job, 0, 2));
  EXPECT_EQ(drain(4), "");
  EXPECT_EQ(read_after(), 0U);
  catch_up.on_page(page_of(job, 1, 4, 4));
  EXPECT_EQ(drain(4), "accepted:2 1 2 3 4 complete:4:0");
}

TEST_F(CatchUpTest, a_rejected_request_owes_what_it_made_the_live_cursor_skip) {
  ASSERT_TRUE(catch_up.start(job, 99, 7));
  read_after();
  EXPECT_FALSE(catch_up.accepts_live(job, 5));
  EXPECT_TRUE(catch_up.on_error({Errc::bad_sequence, "too high"}));
  EXPECT_EQ(drain(5), "rejected:7:bad_sequence");
  EXPECT_EQ(read_after(), 4U);
  catch_up.on_page(page_of(job, 5, 5, 5));
  EXPECT_EQ(drain(5), "5");
  EXPECT_EQ(catch_up.size(), 0U);
}

TEST_F(CatchUpTest, a_rejected_request_that_skipped_nothing_leaves_no_trace) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  EXPECT_TRUE(catch_up.on_error({Errc::not_found, "no"}));
  EXPECT_EQ(drain(0), "rejected:7:not_found");
  EXPECT_EQ(catch_up.size(), 0U);
  EXPECT_FALSE(catch_up.next_read());
}

TEST_F(CatchUpTest, an_error_behind_the_first_page_must_be_repeated) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  catch_up.on_page(page_of(job, 1, 1, 2));
  drain(2);
  read_after();
  EXPECT_FALSE(catch_up.on_error({Errc::overloaded, "later"}));
  EXPECT_EQ(read_after(), 1U);
}

TEST_F(CatchUpTest, stopping_ends_the_replay_and_the_user_room_goes_on) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  catch_up.on_page(page_of(job, 1, 3, 3));
  EXPECT_EQ(show(*catch_up.next(3)), "accepted:7");
  EXPECT_EQ(show(*catch_up.next(3)), "1");
  catch_up.stop(job);
  EXPECT_EQ(drain(3), "");
  EXPECT_EQ(catch_up.size(), 0U);
  EXPECT_TRUE(catch_up.accepts_live(job, 4));
}

TEST_F(CatchUpTest, stopping_still_sends_what_the_live_cursor_skipped) {
  ASSERT_TRUE(catch_up.start(job, 0, 7));
  read_after();
  EXPECT_FALSE(catch_up.accepts_live(job, 4));
  catch_up.stop(job);
  catch_up.on_page(page_of(job, 1, 4, 4));
  EXPECT_EQ(drain(4), "dropped:7");
  EXPECT_FALSE(catch_up.accepts_live(job, 5));
  EXPECT_EQ(read_after(), 3U);
  catch_up.on_page(page_of(job, 4, 5, 5));
  EXPECT_EQ(drain(5), "4 5");
  EXPECT_TRUE(catch_up.accepts_live(job, 6));
}

TEST_F(CatchUpTest, a_client_may_claim_more_than_this_socket_has_sent) {
  ASSERT_TRUE(catch_up.start(job, 8, 7));
  read_after();
  EXPECT_FALSE(catch_up.accepts_live(job, 5));
  catch_up.on_page(page_of(job, 9, 9, 9));
  EXPECT_EQ(drain(5), "accepted:7 9 complete:1:8");
  for (std::uint64_t sequence = 6; sequence <= 9; ++sequence)
    EXPECT_FALSE(catch_up.accepts_live(job, sequence));
  EXPECT_TRUE(catch_up.accepts_live(job, 10));
}

TEST_F(CatchUpTest, is_bounded) {
  for (std::uint8_t i = 0; i < limits::kMaxCatchUps; ++i) ASSERT_TRUE(catch_up.start(job_number(i), 0, 0));
  const auto refused = catch_up.start(job_number(200), 0, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_many_catch_ups);
  EXPECT_TRUE(catch_up.start(job_number(3), 1, 0));
}

}  // namespace
}  // namespace hawser::session
