#include "job/log_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace hawser::job {
namespace {

JobState state_after(EventKind ending) {
  if (ending == EventKind::completed) return JobState::completed;
  return ending == EventKind::failed ? JobState::failed : JobState::cancelled;
}

/// Size of the standing chunks as one JSON array.
std::uint64_t output_array_size(const JobRecord& record) {
  return record.output_bytes + std::max<std::uint64_t>(record.chunk_count, 1) + 1;
}

}  // namespace

Error output_limit_error(const LogLimits& limits) {
  return {Errc::output_limit, fmt::format("The job reached its limit of {} events or {} MiB of output.",
                                          limits.events, limits.bytes >> 20U)};
}

LogBuilder::LogBuilder(const JobRecord& record, WallMillis now, const LogLimits& limits)
    : change_{.record = record, .events = {}, .changed = true, .revoked = false, .error = {}},
      now_(now),
      limits_(limits) {}

bool LogBuilder::has_room(std::uint64_t events, std::uint64_t bytes) const {
  // An ending event is never refused, so its place and the largest result are kept free for it.
  const auto& record = change_.record;
  return record.last_sequence + events + 1 <= limits_.events &&
         record.log_bytes + bytes + limits::kMaxResult <= limits_.bytes;
}

void LogBuilder::append(EventKind kind, std::string payload) {
  auto& record = change_.record;
  Event event;
  event.job = record.id;
  event.owner = record.owner;
  event.type = record.type;
  event.kind = kind;
  event.sequence = ++record.last_sequence;
  event.attempt = record.attempt;
  event.timestamp = now_;
  event.payload = share(std::move(payload));
  record.log_bytes += event.payload->size();
  fill_partial_output(event);
  if (kind == EventKind::chunk) {
    ++record.chunk_count;
    record.output_bytes += event.payload->size();
    record.fruitless_attempts = 0;
  } else if (kind == EventKind::checkpoint) {
    record.checkpoint_sequence = event.sequence;
    record.checkpoint_chunk_count = record.chunk_count;
    record.checkpoint_output_bytes = record.output_bytes;
  }
  change_.events.push_back(std::move(event));
}

void LogBuilder::fill_partial_output(Event& event) const {
  if (event.kind == EventKind::started) event.complete = false;
  if (event.kind != EventKind::checkpoint && event.kind != EventKind::failed) return;
  const auto limit = event.kind == EventKind::checkpoint ? limits::kMaxCheckpointPartialOutput
                                                         : limits::kMaxFailedPartialOutput;
  const auto& record = change_.record;
  event.partial_output_truncated = output_array_size(record) > limit;
  // Nothing to collect, or too much: then no reader has to go through the log.
  if (event.partial_output_truncated || record.chunk_count == 0) {
    event.partial_output = share("[]");
  } else {
    event.complete = false;
  }
}

void LogBuilder::end(EventKind outcome, std::string payload) {
  auto& record = change_.record;
  if (outcome == EventKind::failed) {
    record.last_error = payload.size() <= limits::kMaxKeptError ? payload : std::string();
  }
  append(outcome, std::move(payload));
  record.state = state_after(outcome);
  record.queued = false;
  record.holder.clear();
  record.lease = {};
  record.not_before = 0;
  record.delay = {};
  record.ended_at = now_;
}

void LogBuilder::end_with_output_limit() {
  auto error = output_limit_error(limits_);
  end(EventKind::failed, json::Object().add("error", error.message).add("code", code_name(error.code)).str());
  change_.revoked = true;
  change_.error = std::move(error);
}

void LogBuilder::begin_run(ContinueFrom from) {
  auto& record = change_.record;
  ++record.attempt;
  ++record.fruitless_attempts;
  record.run_epoch = record.epoch;
  record.state = JobState::running;
  record.ended_at = 0;
  if (record.series_started_at == 0) record.series_started_at = now_;
  if (record.attempt == 1) {
    record.started_at = now_;
    append(EventKind::started, {});
    return;
  }
  const auto keep_through = withdraw(from);
  append(EventKind::resumed,
         json::Object().add("attempt", record.attempt).add("keepThrough", keep_through).str());
}

std::uint64_t LogBuilder::withdraw(ContinueFrom from) {
  auto& record = change_.record;
  if (from == ContinueFrom::last_event) return record.last_sequence;
  if (from == ContinueFrom::beginning || record.checkpoint_sequence == 0) {
    record.checkpoint_sequence = 0;
    record.checkpoint_chunk_count = 0;
    record.checkpoint_output_bytes = 0;
  }
  record.chunk_count = record.checkpoint_chunk_count;
  record.output_bytes = record.checkpoint_output_bytes;
  return record.checkpoint_sequence;
}

Change LogBuilder::finish() && {
  return std::move(change_);
}

}  // namespace hawser::job
