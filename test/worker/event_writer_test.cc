#include "worker/event_writer.h"

#include <gtest/gtest.h>

#include <future>

#include "base/limits.h"
#include "test/support/manual_clock.h"
#include "test/worker/held_store.h"

namespace hawser::worker {
namespace {

using Payloads = std::vector<std::string>;

class EventWriterTest : public testing::Test {
 protected:
  Status push(std::string payload) { return writer_->push({job::EventKind::chunk, std::move(payload)}); }

  HeldStore store_;
  test::ManualClock clock_;
  std::shared_ptr<StopSignal> stop_ = std::make_shared<StopSignal>();
  std::shared_ptr<EventWriter> writer_ = std::make_shared<EventWriter>(store_, clock_, stop_, JobId{}, 7);
};

TEST_F(EventWriterTest, gathers_the_next_batch_while_one_is_in_flight) {
  for (const auto* payload : {"1", "2", "3"}) ASSERT_TRUE(push(payload));
  EXPECT_EQ(store_.waiting(), 1);
  EXPECT_EQ(store_.accept(), Payloads{"1"});
  EXPECT_EQ(store_.accept(), (Payloads{"2", "3"}));
  EXPECT_EQ(store_.waiting(), 0);
  EXPECT_TRUE(writer_->flush());
}

TEST_F(EventWriterTest, numbers_the_events_of_its_epoch_from_one) {
  for (const auto* payload : {"1", "2", "3"}) ASSERT_TRUE(push(payload));
  auto first = store_.next();
  EXPECT_EQ(first.append.epoch, 7);
  EXPECT_EQ(first.append.producer_sequence, 1);
  first.completion(job::Reply{});
  auto second = store_.next();
  EXPECT_EQ(second.append.producer_sequence, 2);
  second.completion(job::Reply{});
  ASSERT_TRUE(push("4"));
  EXPECT_EQ(store_.next().append.producer_sequence, 4);
}

TEST_F(EventWriterTest, push_waits_while_the_window_of_events_is_full) {
  for (std::size_t i = 0; i < limits::kUnackedEventsPerJob; ++i) ASSERT_TRUE(push("1"));
  EXPECT_EQ(writer_->try_push({job::EventKind::chunk, "2"}), false);
  auto blocked = std::async(std::launch::async, [this] { return push("2"); });
  EXPECT_EQ(blocked.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  store_.accept();
  EXPECT_TRUE(blocked.get());
}

TEST_F(EventWriterTest, push_waits_while_the_window_of_bytes_is_full) {
  const std::string large(limits::kUnackedBytesPerJob, 'x');
  ASSERT_TRUE(push(large));
  EXPECT_EQ(writer_->try_push({job::EventKind::chunk, "2"}), false);
  store_.accept();
  EXPECT_EQ(writer_->try_push({job::EventKind::chunk, "2"}), true);
}

TEST_F(EventWriterTest, one_event_above_the_window_passes_alone) {
  ASSERT_TRUE(push(std::string(2 * limits::kUnackedBytesPerJob, 'x')));
  store_.accept();
  EXPECT_TRUE(writer_->flush());
}

TEST_F(EventWriterTest, a_transient_refusal_is_sent_again_unchanged) {
  for (const auto code : {Errc::storage_full, Errc::overloaded}) {
    ASSERT_TRUE(push("1"));
    store_.refuse(code);
    ASSERT_TRUE(push("2"));
    EXPECT_EQ(store_.waiting(), 0);
    writer_->tick();
    EXPECT_EQ(store_.waiting(), 0) << "not before its time";
    clock_.advance(std::chrono::seconds(3));
    writer_->tick();
    EXPECT_EQ(store_.accept(), Payloads{"1"});
    EXPECT_EQ(store_.accept(), Payloads{"2"});
  }
  EXPECT_EQ(stop_->reason(), StopReason::none);
}

TEST_F(EventWriterTest, a_lost_job_stops_the_run) {
  for (const auto code : {Errc::fenced, Errc::job_ended, Errc::output_limit}) {
    stop_ = std::make_shared<StopSignal>();
    writer_ = std::make_shared<EventWriter>(store_, clock_, stop_, JobId{}, 7);
    ASSERT_TRUE(push("1"));
    ASSERT_TRUE(push("2"));
    store_.refuse(code);
    EXPECT_EQ(stop_->reason(), StopReason::fenced);
    EXPECT_EQ(push("3").error().code, code);
    EXPECT_EQ(writer_->flush().error().code, code);
    EXPECT_EQ(store_.waiting(), 0) << "the rest is not sent";
  }
}

TEST_F(EventWriterTest, close_wakes_who_waits) {
  ASSERT_TRUE(push("1"));
  auto blocked = std::async(std::launch::async, [this] { return writer_->flush(); });
  EXPECT_EQ(blocked.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  writer_->close({Errc::job_ended, "cancelled"});
  EXPECT_EQ(blocked.get().error().code, Errc::job_ended);
}

TEST_F(EventWriterTest, an_answer_may_come_after_the_run_is_gone) {
  ASSERT_TRUE(push("1"));
  writer_->close({Errc::job_ended, "cancelled"});
  writer_.reset();
  store_.accept();
}

TEST_F(EventWriterTest, a_stopping_server_does_not_wait_for_storage) {
  ASSERT_TRUE(push("1"));
  store_.refuse(Errc::storage_full);
  writer_->stop_retrying();
  EXPECT_EQ(writer_->flush().error().code, Errc::shutting_down);
}

TEST_F(EventWriterTest, a_stopping_server_still_commits_what_it_can) {
  ASSERT_TRUE(push("1"));
  writer_->stop_retrying();
  ASSERT_TRUE(push("2"));
  store_.accept();
  store_.accept();
  EXPECT_TRUE(writer_->flush());
}

}  // namespace
}  // namespace hawser::worker
