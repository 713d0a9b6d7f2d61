#include "test/store/contract_fixture.h"

// The reads of the JobStore contract: pages, owner streams, and what reads fill in.
namespace hawser::store {
namespace {

using job::ContinueFrom;
using job::EventKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class JobStoreReads : public JobStoreContract {
 protected:
  /// Reads the owner's stream in pages of the given size.
  std::vector<job::EventPtr> stream(std::string_view owner, std::uint64_t after, std::size_t page_events) {
    std::vector<job::EventPtr> all;
    for (;;) {
      const auto page = store_->read_owner(owner, after, {.events = page_events, .bytes = 1'000'000});
      EXPECT_TRUE(page);
      all.insert(all.end(), page->events.begin(), page->events.end());
      after = page->through;
      if (after == page->head) return all;
      EXPECT_FALSE(page->events.empty());
    }
  }
};
INSTANTIATE_TEST_SUITE_P(All, JobStoreReads, ::testing::Values(Kind::memory, Kind::rocksdb), kind_name);

TEST_P(JobStoreReads, a_page_begins_behind_the_cursor_and_tells_the_head) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk("1"), chunk("2"), chunk("3")}).value();
  const auto page = store_->read_job(record.id, 1, {.events = 2, .bytes = 1000});
  EXPECT_THAT(payloads(page->events), ElementsAre("1", "2"));
  EXPECT_EQ(page->events[0]->sequence, 2U);
  EXPECT_EQ(page->head, 4U);
  EXPECT_THAT(store_->read_job(record.id, 4, {})->events, IsEmpty());
}

TEST_P(JobStoreReads, a_cursor_above_the_head_is_a_bad_sequence) {
  const auto record = driver_.running();
  EXPECT_EQ(store_->read_job(record.id, 2, {}).error().code, Errc::bad_sequence);
  EXPECT_EQ(store_->read_job(record.id, ~0ULL, {}).error().code, Errc::bad_sequence);
}

TEST_P(JobStoreReads, a_page_has_at_least_one_event_and_no_more_bytes_than_asked) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk(std::string(100, '1')), chunk(std::string(100, '2')), chunk("3")}).value();
  const auto read = [&](std::uint64_t after, std::size_t bytes) {
    return store_->read_job(record.id, after, {.events = 10, .bytes = bytes})->events;
  };
  EXPECT_THAT(read(1, 1), SizeIs(1));
  EXPECT_THAT(read(1, 199), SizeIs(1));
  EXPECT_THAT(read(1, 200), SizeIs(2));
  EXPECT_THAT(read(1, 201), SizeIs(3));
}

TEST_P(JobStoreReads, job_started_is_read_with_the_input) {
  driver_.start("ann", "work", R"({"q":1})");
  const auto claimed = driver_.claim();
  driver_.begin(*claimed).value();
  EXPECT_THAT(payloads(driver_.log(claimed->record.id)), ElementsAre(R"({"q":1})"));
}

TEST_P(JobStoreReads, announced_events_are_those_that_are_read) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk("1"), checkpoint("2")}).value();
  driver_.finish(record).value();
  driver_.settle();
  const auto announced = announced_.events();
  const auto read = driver_.log(record.id);
  ASSERT_EQ(announced.size(), read.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(announced[i]->sequence, read[i]->sequence);
    EXPECT_EQ(announced[i]->position, read[i]->position);
    EXPECT_EQ(announced[i]->timestamp, read[i]->timestamp);
    if (announced[i]->complete) {
      EXPECT_EQ(*announced[i]->payload, *read[i]->payload);
    }
  }
}

TEST_P(JobStoreReads, checkpoints_and_failures_are_read_with_the_output_so_far) {
  const auto record = driver_.running();
  driver_.append(record, 1, {checkpoint("0"), chunk("1"), chunk("\"b\""), checkpoint("0"), chunk("3")})
      .value();
  driver_.finish(record, EventKind::failed).value();
  const auto log = driver_.log(record.id);
  EXPECT_EQ(*log[1]->partial_output, "[]");
  EXPECT_EQ(*log[4]->partial_output, R"([1,"b"])");
  EXPECT_EQ(*log[6]->partial_output, R"([1,"b",3])");
  for (const auto& event : log) EXPECT_TRUE(event->complete && !event->partial_output_truncated);
}

TEST_P(JobStoreReads, withdrawn_output_is_left_out) {
  auto record = driver_.running();
  driver_.append(record, 1, {chunk("1"), checkpoint("0"), chunk("2")}).value();
  const auto run_again = [&](ContinueFrom from, std::vector<job::NewEvent> events) {
    driver_.run(job::Release{record.id, record.epoch}).value();
    const auto claimed = driver_.claim();
    driver_.begin(*claimed, from).value();
    record = claimed->record;
    driver_.append(record, 1, std::move(events)).value();
  };
  run_again(ContinueFrom::checkpoint, {chunk("3")});
  run_again(ContinueFrom::last_event, {chunk("4")});
  run_again(ContinueFrom::checkpoint, {chunk("5"), checkpoint("0"), chunk("6")});
  driver_.finish(record, EventKind::failed).value();
  EXPECT_EQ(*driver_.log(record.id).back()->partial_output, "[1,5,6]");
  EXPECT_EQ(store_->find(record.id)->chunk_count, 3U);

  driver_.run(job::Resume{record.id, "ann"}).value();
  const auto claimed = driver_.claim();
  driver_.begin(*claimed, ContinueFrom::beginning).value();
  driver_.append(claimed->record, 1, {chunk("7")}).value();
  driver_.finish(claimed->record, EventKind::failed).value();
  EXPECT_EQ(*driver_.log(record.id).back()->partial_output, "[7]");
}

TEST_P(JobStoreReads, output_over_the_limit_of_a_checkpoint_is_marked_as_truncated) {
  const auto record = driver_.running();
  driver_.append(record, 1, {chunk(std::string(limits::kMaxCheckpointPartialOutput, '1')), checkpoint("0")})
      .value();
  driver_.finish(record, EventKind::failed).value();
  const auto log = driver_.log(record.id);
  EXPECT_TRUE(log[2]->partial_output_truncated);
  EXPECT_EQ(*log[2]->partial_output, "[]");
  EXPECT_FALSE(log[3]->partial_output_truncated);
  EXPECT_EQ(log[3]->partial_output->size(), limits::kMaxCheckpointPartialOutput + 2);
}

TEST_P(JobStoreReads, output_over_the_limit_of_a_failure_is_marked_as_truncated) {
  const auto record = driver_.running();
  const auto half = std::string(limits::kMaxFailedPartialOutput / 2, '1');
  driver_.append(record, 1, {chunk(half), chunk(half)}).value();
  driver_.finish(record, EventKind::failed).value();
  const auto last = driver_.log(record.id).back();
  EXPECT_TRUE(last->partial_output_truncated);
  EXPECT_EQ(*last->partial_output, "[]");
}

TEST_P(JobStoreReads, an_owner_stream_merges_all_jobs_in_commit_order) {
  std::vector<job::JobRecord> jobs;
  for (int i = 0; i < 20; ++i) jobs.push_back(driver_.running());
  const auto foreign = driver_.running("bob");
  for (std::uint64_t round = 1; round <= 5; ++round) {
    for (const auto& record : jobs) driver_.append(record, round, {chunk(std::to_string(round))}).value();
    driver_.append(foreign, round, {chunk("0")}).value();
  }
  for (std::size_t i = 0; i < jobs.size(); i += 2) driver_.finish(jobs[i]).value();
  const auto head = *store_->owner_head("ann");
  EXPECT_EQ(head, 20U + 100U + 10U);
  for (const auto after : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{57}, head - 3, head}) {
    const auto events = stream("ann", after, 7);
    ASSERT_EQ(events.size(), head - after);
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i]->position, after + i + 1);
      EXPECT_EQ(*events[i]->owner, "ann");
      EXPECT_TRUE(events[i]->complete);
    }
  }
  EXPECT_EQ(store_->owner_head("bob"), 6U);
}

TEST_P(JobStoreReads, the_stream_of_a_resumed_job_is_read_across_its_failure) {
  const auto record = driver_.running();
  driver_.finish(record, EventKind::failed).value();
  const auto between = driver_.running();
  driver_.run(job::Resume{record.id, "ann"}).value();
  EXPECT_EQ(stream("ann", 0, 100).size(), 3U);
  const auto claimed = driver_.claim();
  driver_.begin(*claimed).value();
  driver_.append(claimed->record, 1, {chunk("1")}).value();
  EXPECT_EQ(stream("ann", 2, 100).size(), 3U);
  driver_.finish(claimed->record).value();
  driver_.finish(between).value();
  for (std::uint64_t after = 0; after <= 7; ++after) EXPECT_EQ(stream("ann", after, 2).size(), 7U - after);
}

TEST_P(JobStoreReads, an_unknown_owner_has_an_empty_stream) {
  EXPECT_EQ(store_->owner_head("nobody"), 0U);
  EXPECT_THAT(store_->read_owner("nobody", 0, {})->events, IsEmpty());
}

TEST_P(JobStoreReads, a_position_beyond_the_head_is_a_reset) {
  driver_.running();
  EXPECT_EQ(store_->read_owner("ann", 2, {}).error().code, Errc::reset);
  EXPECT_EQ(store_->read_owner("nobody", 1, {}).error().code, Errc::reset);
}

TEST_P(JobStoreReads, owners_whose_names_begin_alike_are_kept_apart) {
  const std::vector<std::string> names{"a", "ab", std::string("a\0", 2), std::string(limits::kMaxOwner, 'a')};
  for (const auto& name : names) driver_.running(name);
  for (const auto& name : names) {
    const auto events = stream(name, 0, 10);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(*events[0]->owner, name);
  }
}

TEST_P(JobStoreReads, status_names_an_incarnation) {
  EXPECT_TRUE(store_->status().writable);
  const auto incarnation = store_->status().incarnation;
  EXPECT_FALSE(incarnation.empty());
  EXPECT_EQ(incarnation.find('.'), std::string::npos) << "offsets are incarnation.position";
}

}  // namespace
}  // namespace hawser::store
