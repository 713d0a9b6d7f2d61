#include "store/record_codec.h"

#include <cstring>
#include <memory>

#include "store/codec.h"

namespace hawser::store {
namespace {

using job::EventKind;
using job::JobState;

constexpr std::uint8_t kRecordFormat = 2;
constexpr std::uint8_t kFirstRecordFormat = 1;   // Without what is in write_schedule.
constexpr std::uint8_t kTombstoneFormat = 0x80;  // In the place of a record's format.
constexpr std::uint8_t kQueued = 1;

// The first byte of an event: format in the upper three bits, then `truncated`, then the kind.
constexpr std::uint8_t kEventFormat = 1U << 5U;
constexpr std::uint8_t kFormatMask = 0xe0;
constexpr std::uint8_t kTruncated = 1U << 4U;
constexpr std::uint8_t kKindMask = 0x0f;

WallMillis read_time(FieldReader& in) {
  return static_cast<WallMillis>(in.number());
}
std::uint64_t time_field(WallMillis time) {
  return static_cast<std::uint64_t>(time);
}

bool is_state(std::uint8_t value) {
  return value <= static_cast<std::uint8_t>(JobState::cancelled);
}

bool is_ended_state(std::uint8_t value) {
  return is_state(value) && job::has_ended(static_cast<JobState>(value));
}

std::string_view bytes_of(const JobId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

bool is_kind(unsigned value) {
  return value >= static_cast<unsigned>(EventKind::started) &&
         value <= static_cast<unsigned>(EventKind::cancelled);
}

std::optional<JobId> read_id(FieldReader& in) {
  const auto bytes = in.text();
  JobId id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

void write_names(FieldWriter& out, const job::JobRecord& record) {
  out.text(bytes_of(record.id));
  out.text(*record.owner).text(*record.type).text(record.holder).text(record.idempotency_key);
}

void write_counters(FieldWriter& out, const job::JobRecord& record) {
  out.number(record.epoch).number(record.run_epoch).number(record.attempt).number(record.fruitless_attempts);
  out.number(record.last_sequence).number(record.last_position).number(record.first_position);
  out.number(record.log_bytes).number(record.chunk_count).number(record.output_bytes);
  out.number(record.checkpoint_sequence).number(record.checkpoint_chunk_count);
  out.number(record.checkpoint_output_bytes).number(record.producer_sequence);
  out.number(time_field(record.created_at)).number(time_field(record.started_at));
  out.number(time_field(record.ended_at));
}

void write_schedule(FieldWriter& out, const job::JobRecord& record) {
  out.number(static_cast<std::uint64_t>(record.lease.count())).signed_number(record.priority);
  out.number(time_field(record.not_before)).number(static_cast<std::uint64_t>(record.delay.count()));
  out.number(record.failures).number(time_field(record.series_started_at)).text(record.last_error);
}

bool read_schedule(FieldReader& in, job::JobRecord& record) {
  record.lease = Millis(in.number());
  const auto priority = in.signed_number();
  record.priority = static_cast<std::int32_t>(priority);
  record.not_before = read_time(in);
  record.delay = Millis(in.number());
  record.failures = in.short_number();
  record.series_started_at = read_time(in);
  record.last_error = in.text();
  return record.priority == priority;
}

bool read_names(FieldReader& in, job::JobRecord& record) {
  const auto id = read_id(in);
  if (!id) return false;
  record.id = *id;
  record.owner = std::make_shared<const std::string>(in.text());
  record.type = std::make_shared<const std::string>(in.text());
  record.holder = in.text();
  record.idempotency_key = in.text();
  return in.ok();
}

void read_counters(FieldReader& in, job::JobRecord& record) {
  record.epoch = in.number();
  record.run_epoch = in.number();
  record.attempt = in.short_number();
  record.fruitless_attempts = in.short_number();
  record.last_sequence = in.number();
  record.last_position = in.number();
  record.first_position = in.number();
  record.log_bytes = in.number();
  record.chunk_count = in.number();
  record.output_bytes = in.number();
  record.checkpoint_sequence = in.number();
  record.checkpoint_chunk_count = in.number();
  record.checkpoint_output_bytes = in.number();
  record.producer_sequence = in.number();
  record.created_at = read_time(in);
  record.started_at = read_time(in);
  record.ended_at = read_time(in);
}

}  // namespace

std::string encode_record(const job::JobRecord& record) {
  FieldWriter out;
  out.byte(kRecordFormat).byte(static_cast<std::uint8_t>(record.state)).byte(record.queued ? kQueued : 0);
  write_names(out, record);
  write_counters(out, record);
  write_schedule(out, record);
  return std::move(out).take();
}

std::optional<job::JobRecord> decode_record(std::string_view bytes) {
  FieldReader in(bytes);
  const auto format = in.byte();
  if (format != kRecordFormat && format != kFirstRecordFormat) return std::nullopt;
  const auto state = in.byte();
  const auto flags = in.byte();
  job::JobRecord record;
  if (!is_state(state) || flags > kQueued || !read_names(in, record)) return std::nullopt;
  record.state = static_cast<JobState>(state);
  record.queued = flags == kQueued;
  read_counters(in, record);
  if (format == kRecordFormat && !read_schedule(in, record)) return std::nullopt;
  if (!in.at_end()) return std::nullopt;
  return record;
}

bool is_tombstone(std::string_view bytes) {
  return bytes.starts_with(static_cast<char>(kTombstoneFormat));
}

std::string encode_tombstone(const job::Tombstone& tombstone) {
  FieldWriter out;
  out.byte(kTombstoneFormat).byte(static_cast<std::uint8_t>(tombstone.state)).text(bytes_of(tombstone.id));
  out.text(tombstone.owner).text(tombstone.type).text(tombstone.idempotency_key);
  out.number(tombstone.last_sequence).number(tombstone.last_position);
  out.number(time_field(tombstone.created_at)).number(time_field(tombstone.deleted_at));
  out.number(tombstone.input_hash);
  return std::move(out).take();
}

std::optional<job::Tombstone> decode_tombstone(std::string_view bytes) {
  FieldReader in(bytes);
  if (in.byte() != kTombstoneFormat) return std::nullopt;
  const auto state = in.byte();
  const auto id = read_id(in);
  if (!is_ended_state(state) || !id) return std::nullopt;
  job::Tombstone tombstone;
  tombstone.id = *id;
  tombstone.state = static_cast<JobState>(state);
  tombstone.owner = in.text();
  tombstone.type = in.text();
  tombstone.idempotency_key = in.text();
  tombstone.last_sequence = in.number();
  tombstone.last_position = in.number();
  tombstone.created_at = read_time(in);
  tombstone.deleted_at = read_time(in);
  tombstone.input_hash = in.number();
  if (!in.at_end()) return std::nullopt;
  return tombstone;
}

std::string encode_event(const job::Event& event, WallMillis created_at) {
  FieldWriter out;
  const auto head = static_cast<unsigned>(event.kind) | kEventFormat |
                    (event.partial_output_truncated ? unsigned{kTruncated} : 0U);
  out.byte(static_cast<std::uint8_t>(head));
  out.number(event.attempt).number(event.position).signed_number(event.timestamp - created_at);
  out.rest(*event.payload);
  return std::move(out).take();
}

std::optional<LoggedEvent> decode_event(std::string_view bytes, WallMillis created_at) {
  FieldReader in(bytes);
  const unsigned head = in.byte();
  if ((head & kFormatMask) != kEventFormat || !is_kind(head & kKindMask)) return std::nullopt;
  LoggedEvent event;
  event.kind = static_cast<EventKind>(head & kKindMask);
  event.truncated = (head & kTruncated) != 0;
  event.attempt = in.short_number();
  event.position = in.number();
  const bool is_time = !__builtin_add_overflow(created_at, in.signed_number(), &event.timestamp);
  event.payload = in.rest();
  if (!in.ok() || !is_time) return std::nullopt;
  return event;
}

job::Event to_event(const LoggedEvent& logged, const job::JobRecord& record, std::uint64_t sequence) {
  job::Event event;
  event.job = record.id;
  event.owner = record.owner;
  event.type = record.type;
  event.kind = logged.kind;
  event.sequence = sequence;
  event.position = logged.position;
  event.attempt = logged.attempt;
  event.timestamp = logged.timestamp;
  event.payload = share(std::string(logged.payload));
  event.partial_output_truncated = logged.truncated;
  const bool with_output = logged.kind == EventKind::checkpoint || logged.kind == EventKind::failed;
  event.complete = logged.truncated || !(with_output || logged.kind == EventKind::started);
  if (logged.truncated) event.partial_output = share("[]");
  return event;
}

}  // namespace hawser::store
