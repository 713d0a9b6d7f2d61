#include <atomic>
#include <thread>

#include "test/store/contract_fixture.h"

// The guarantees of job_store.h that several threads, or a completion that submits again, could break.
namespace hawser::store {
namespace {

using job::EventKind;

class JobStoreConcurrency : public JobStoreContract {
 protected:
  static void in_threads(int count, const std::function<void(int)>& body) {
    std::vector<std::thread> threads;
    threads.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
    for (auto& thread : threads) thread.join();
  }
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreConcurrency, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreConcurrency, starts_with_one_key_make_one_job_while_the_first_still_commits) {
  std::mutex mutex;
  std::vector<JobId> answers;
  in_threads(8, [&](int) {
    for (int i = 0; i < 20; ++i) {
      const auto id = driver_.start("ann", "work", "{}", "key");
      const std::lock_guard lock(mutex);
      answers.push_back(id);
    }
  });
  for (const auto& id : answers) EXPECT_EQ(id, answers.front());
  driver_.claim();
  EXPECT_EQ(driver_.claim(), nullptr);
}

TEST_P(JobStoreConcurrency, a_job_is_claimed_by_one_worker) {
  for (int i = 0; i < 100; ++i) driver_.start();
  std::atomic<int> claimed = 0;
  in_threads(8, [&](int) {
    while (driver_.claim() != nullptr) ++claimed;
  });
  EXPECT_EQ(claimed, 100);
}

TEST_P(JobStoreConcurrency, completions_of_one_thread_keep_the_order_of_submission) {
  const auto record = driver_.running();
  std::mutex mutex;
  std::vector<std::uint64_t> order;
  std::promise<void> all;
  constexpr std::uint64_t kCommands = 500;
  for (std::uint64_t i = 1; i <= kCommands; ++i) {
    store_->submit(job::Append{record.id, record.epoch, i, {chunk("1")}}, [&, i](Result<job::Reply> reply) {
      EXPECT_TRUE(reply);
      {
        const std::lock_guard lock(mutex);
        order.push_back(i);
      }
      if (i == kCommands) all.set_value();  // From here on the mutex may be gone.
    });
  }
  all.get_future().wait();
  EXPECT_TRUE(std::ranges::is_sorted(order));
  EXPECT_EQ(order.size(), kCommands);
}

TEST_P(JobStoreConcurrency, what_is_answered_can_be_read_and_is_announced_afterwards) {
  const auto record = driver_.running();
  for (std::uint64_t i = 1; i <= 50; ++i) {
    std::promise<bool> readable;
    store_->submit(job::Append{record.id, record.epoch, i, {chunk("1")}}, [&](Result<job::Reply> reply) {
      const auto page = store_->read_job(record.id, reply->last_sequence - 1, {});
      const auto announced = announced_.events();
      const bool announced_before = !announced.empty() && announced.back()->sequence == reply->last_sequence;
      readable.set_value(page && page->events.size() == 1 && !announced_before);
    });
    EXPECT_TRUE(readable.get_future().get());
  }
}

TEST_P(JobStoreConcurrency, many_threads_leave_gapless_logs_and_streams) {
  constexpr int kThreads = 8;
  constexpr std::uint64_t kEvents = 100;
  in_threads(kThreads, [&](int index) {
    const std::string owner = index % 2 == 0 ? "even" : "odd";
    const auto record = driver_.running(owner, "type" + std::to_string(index));
    for (std::uint64_t i = 1; i <= kEvents; ++i)
      driver_.append(record, i, {chunk(std::to_string(i))}).value();
    driver_.finish(record).value();
  });
  for (const std::string owner : {"even", "odd"}) {
    const auto page = store_->read_owner(owner, 0, StoreDriver::everything());
    ASSERT_TRUE(page);
    ASSERT_EQ(page->events.size(), kThreads / 2 * (kEvents + 2));
    std::map<JobId, std::uint64_t> sequences;
    std::uint64_t position = 0;
    for (const auto& event : page->events) {
      EXPECT_EQ(event->position, ++position);
      EXPECT_EQ(event->sequence, ++sequences[event->job]);
    }
  }
}

TEST_P(JobStoreConcurrency, announcements_come_in_commit_order) {
  in_threads(4, [&](int index) {
    const auto record = driver_.running("ann", "type" + std::to_string(index));
    for (std::uint64_t i = 1; i <= 50; ++i) driver_.append(record, i, {chunk("1")}).value();
  });
  store_->stop();
  std::uint64_t position = 0;
  for (const auto& event : announced_.events()) EXPECT_EQ(event->position, ++position);
  EXPECT_EQ(position, *store_->owner_head("ann"));
}

TEST_P(JobStoreConcurrency, cancel_and_finish_at_once_leave_one_ending) {
  for (int i = 0; i < 50; ++i) {
    const auto record = driver_.running();
    in_threads(2, [&](int index) {
      if (index == 0) {
        std::ignore = driver_.run(job::Cancel{record.id, "ann", ""});
      } else {
        std::ignore = driver_.finish(record);
      }
    });
    const auto log = driver_.log(record.id);
    EXPECT_EQ(std::ranges::count_if(log, [](const auto& event) { return job::is_ending(event->kind); }), 1);
    EXPECT_TRUE(job::is_ending(log.back()->kind));
  }
}

TEST_P(JobStoreConcurrency, a_completion_may_submit_again) {
  const auto record = driver_.running();
  std::promise<Result<job::Reply>> second;
  store_->submit(job::Append{record.id, record.epoch, 1, {chunk("1")}}, [&](Result<job::Reply>) {
    store_->submit(job::Append{record.id, record.epoch, 2, {chunk("2")}},
                   [&](Result<job::Reply> reply) { second.set_value(std::move(reply)); });
  });
  EXPECT_EQ(second.get_future().get()->last_sequence, 3U);
}

TEST_P(JobStoreConcurrency, stop_commits_what_is_queued_and_then_refuses) {
  const auto record = driver_.running();
  std::atomic<int> answered = 0;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    store_->submit(job::Append{record.id, record.epoch, i, {chunk("1")}},
                   [&](const Result<job::Reply>& reply) {
                     EXPECT_TRUE(reply);
                     ++answered;
                   });
  }
  store_->stop();
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(code_of(driver_.append(record, 101, {chunk("1")})), Errc::shutting_down);
  EXPECT_EQ(driver_.log(record.id).size(), 101U);
  store_->stop();
}

}  // namespace
}  // namespace hawser::store
