#include "store/codec.h"

#include <cstdint>
#include <limits>
#include <string>

#include "store/crc32c.h"
#include "store/keys.h"
#include "store/owner_account.h"
#include "store/record_codec.h"

namespace hawser::store {
namespace {

job::JobRecord full_record() {
  job::JobRecord record;
  record.id = JobId::make(1'700'000'000'000, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  record.owner = std::make_shared<const std::string>("ann");
  record.type = std::make_shared<const std::string>("search");
  record.state = job::JobState::checkpointed;
  record.queued = true;
  record.holder = "worker";
  record.idempotency_key = std::string("k\0y", 3);
  std::uint64_t value = 1;
  for (auto* field : {&record.epoch, &record.run_epoch, &record.last_sequence, &record.last_position,
                      &record.first_position, &record.log_bytes, &record.chunk_count, &record.output_bytes,
                      &record.checkpoint_sequence, &record.checkpoint_chunk_count,
                      &record.checkpoint_output_bytes, &record.producer_sequence}) {
    *field = value *= 37;
  }
  record.attempt = 3;
  record.fruitless_attempts = 2;
  record.lease = Millis(15'000);
  record.priority = -3;
  record.not_before = 1'700'000'000'500;
  record.delay = Millis(500);
  record.failures = 4;
  record.last_error = R"({"error":"Busy.","code":"upstream_failed"})";
  record.series_started_at = 1'700'000'000'003;
  record.created_at = 1'700'000'000'000;
  record.started_at = 1'700'000'000'001;
  record.ended_at = 1'700'000'000'002;
  return record;
}

TEST(Codec, numbers_of_all_sizes_can_be_read_back) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 35U,
        std::numeric_limits<std::uint64_t>::max()}) {
    FieldWriter out;
    out.number(value).signed_number(static_cast<std::int64_t>(value)).signed_number(-5);
    const auto bytes = std::move(out).take();
    FieldReader in(bytes);
    EXPECT_EQ(in.number(), value);
    EXPECT_EQ(in.signed_number(), static_cast<std::int64_t>(value));
    EXPECT_EQ(in.signed_number(), -5);
    EXPECT_TRUE(in.at_end());
  }
}

TEST(Codec, a_field_that_is_not_there_is_noticed) {
  for (const std::string bytes : {"", "\x80",
                                  "\x05"
                                  "abc",
                                  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}) {
    FieldReader in(bytes);
    in.text();
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.number(), 0U);
    EXPECT_FALSE(in.ok());
  }
}

TEST(Codec, a_number_is_read_only_as_it_is_written) {
  const std::string nines(9, '\xff');
  for (const auto& bytes :
       {std::string("\x80\x00", 2), std::string("\x85\x80\x00", 3), nines + "\x02", nines + "\x7f"}) {
    FieldReader in(bytes);
    EXPECT_EQ(in.number(), 0U);
    EXPECT_FALSE(in.ok());
  }
  const auto largest = nines + "\x01";
  FieldReader in(largest);
  EXPECT_EQ(in.number(), std::numeric_limits<std::uint64_t>::max());
  FieldReader wide("\x80\x80\x80\x80\x10");
  EXPECT_EQ(wide.short_number(), 0U);
  EXPECT_FALSE(wide.ok());
}

TEST(Codec, a_time_beyond_all_times_is_damage) {
  job::Event event;
  event.timestamp = 1;
  event.payload = share("1");
  const auto bytes = encode_event(event, 0);
  EXPECT_TRUE(decode_event(bytes, 0));
  EXPECT_FALSE(decode_event(bytes, std::numeric_limits<WallMillis>::max()));
}

TEST(Codec, a_record_can_be_read_back_with_every_field) {
  const auto record = full_record();
  const auto decoded = decode_record(encode_record(record));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_record(*decoded), encode_record(record));
  EXPECT_EQ(decoded->id, record.id);
  EXPECT_EQ(*decoded->owner, "ann");
  EXPECT_EQ(decoded->idempotency_key, record.idempotency_key);
  EXPECT_EQ(decoded->state, record.state);
  EXPECT_EQ(decoded->producer_sequence, record.producer_sequence);
  EXPECT_EQ(decoded->ended_at, record.ended_at);
  EXPECT_EQ(decoded->lease, record.lease);
  EXPECT_EQ(decoded->priority, record.priority);
  EXPECT_EQ(decoded->not_before, record.not_before);
  EXPECT_EQ(decoded->delay, record.delay);
  EXPECT_EQ(decoded->failures, record.failures);
  EXPECT_EQ(decoded->last_error, record.last_error);
  EXPECT_EQ(decoded->series_started_at, record.series_started_at);
  EXPECT_LT(encode_record(record).size(), 400U);
}

TEST(Codec, a_record_that_is_cut_or_of_another_format_is_refused) {
  const auto bytes = encode_record(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_record(bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_record(bytes + "x"));
  auto other = bytes;
  other[0] = 3;
  EXPECT_FALSE(decode_record(other));
  other = bytes;
  other[1] = 6;
  EXPECT_FALSE(decode_record(other)) << "no such state";
}

TEST(Codec, a_tombstone_can_be_read_back_and_is_no_record) {
  const job::Tombstone tombstone{.id = full_record().id,
                                 .owner = "ann",
                                 .type = "work",
                                 .state = job::JobState::failed,
                                 .last_sequence = 7,
                                 .last_position = 70'000,
                                 .created_at = 1'700'000'000'000,
                                 .deleted_at = 1'700'000'000'002,
                                 .idempotency_key = "key",
                                 .input_hash = job::hash_of_input("{}")};
  const auto bytes = encode_tombstone(tombstone);
  const auto decoded = decode_tombstone(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_tombstone(*decoded), bytes);
  EXPECT_EQ(decoded->id, tombstone.id);
  EXPECT_EQ(decoded->owner, "ann");
  EXPECT_EQ(decoded->state, tombstone.state);
  EXPECT_EQ(decoded->last_position, 70'000U);
  EXPECT_EQ(decoded->deleted_at, tombstone.deleted_at);
  EXPECT_EQ(decoded->idempotency_key, "key");
  EXPECT_EQ(decoded->input_hash, tombstone.input_hash);
  EXPECT_TRUE(is_tombstone(bytes));
  EXPECT_FALSE(decode_record(bytes));
  EXPECT_FALSE(is_tombstone(encode_record(full_record())));
  EXPECT_FALSE(decode_tombstone(encode_record(full_record())));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_tombstone(bytes.substr(0, size))) << size;
  }
}

TEST(Codec, the_hash_of_an_input_is_the_same_in_every_release) {
  EXPECT_EQ(job::hash_of_input(""), 0xcbf29ce484222325U);
  EXPECT_EQ(job::hash_of_input("a"), 0xaf63dc4c8601ec8cU);
}

TEST(Codec, an_account_can_be_read_back_and_an_early_one_is_the_head_alone) {
  OwnerAccount account;
  account.head = 70'000;
  account.floor = 300;
  account.ended = {.jobs = {1, 2, 3}, .bytes = 4000};
  account.oldest = {5, 6, 7};
  const auto bytes = encode_account(account);
  EXPECT_EQ(decode_account(bytes), account);
  OwnerAccount early;
  early.head = 70'000;
  EXPECT_EQ(decode_account(bytes.substr(0, 8)), early);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_account(bytes.substr(0, size)).has_value(), size == 8) << size;
  }
}

TEST(Codec, a_record_of_the_first_format_has_no_schedule) {
  auto record = full_record();
  record.lease = record.delay = Millis(0);
  record.priority = 0;
  record.failures = 0;
  record.not_before = record.series_started_at = 0;
  record.last_error.clear();
  const auto without = encode_record(record);
  constexpr std::size_t kSchedule = 7;  // As many fields, each of one byte.
  const auto bytes = '\x01' + without.substr(1, without.size() - 1 - kSchedule);
  const auto decoded = decode_record(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode_record(*decoded), without);
}

TEST(Codec, an_event_can_be_read_back_even_when_the_clock_went_backwards) {
  job::Event event;
  event.kind = job::EventKind::failed;
  event.attempt = 2;
  event.position = 70'000;
  event.timestamp = 900;
  event.payload = share("{\"error\":\"x\"}");
  event.partial_output_truncated = true;
  const auto bytes = encode_event(event, 1000);
  const auto decoded = decode_event(bytes, 1000);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->kind, event.kind);
  EXPECT_EQ(decoded->attempt, 2U);
  EXPECT_EQ(decoded->position, 70'000U);
  EXPECT_EQ(decoded->timestamp, 900);
  EXPECT_EQ(decoded->payload, *event.payload);
  EXPECT_TRUE(decoded->truncated);
  EXPECT_FALSE(decode_event("", 0));
  EXPECT_FALSE(decode_event(std::string("\x20\x01\x01\x01", 4), 0)) << "no such kind";
  EXPECT_FALSE(decode_event(std::string("\x42\x01\x01\x01", 4), 0)) << "another format";
}

TEST(Keys, sequences_and_positions_sort_as_numbers) {
  const auto id = full_record().id;
  EXPECT_LT(keys::event(id, 255), keys::event(id, 256));
  EXPECT_EQ(keys::event_sequence(keys::event(id, 77)), 77U);
  EXPECT_EQ(keys::event_sequence("short"), std::nullopt);
  constexpr auto kFailed = job::JobState::failed;
  EXPECT_LT(keys::ended_job("ann", kFailed, 255, id), keys::ended_job("ann", kFailed, 256, JobId{}));
  EXPECT_EQ(keys::trailing_id(keys::ended_job("ann", kFailed, 1, id)), id);
  EXPECT_LT(keys::by_end(kFailed, -1, id), keys::by_end(kFailed, 255, id));
  EXPECT_LT(keys::by_end(kFailed, 255, id), keys::by_end(kFailed, 256, JobId{}));
  EXPECT_EQ(keys::trailing_id(keys::tombstone(1, id)), id);
  EXPECT_EQ(keys::owner_of_head(keys::owner_head("ann")), "ann");
}

TEST(Keys, no_owner_lies_within_the_bounds_of_another) {
  const auto lower = keys::active_jobs("a");
  const auto upper = keys::after_prefix(lower);
  for (const std::string other : {"", "aa", "b", "a\x01"}) {
    const auto key = keys::active_jobs(other);
    EXPECT_FALSE(key >= lower && key < upper) << other;
  }
}

TEST(Keys, after_prefix_skips_bytes_that_cannot_grow) {
  EXPECT_EQ(keys::after_prefix("ab"), "ac");
  EXPECT_EQ(keys::after_prefix("a\xff\xff"), "b");
}

TEST(Crc32c, check_value_of_the_polynomial) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(""), 0U);
}

}  // namespace
}  // namespace hawser::store
