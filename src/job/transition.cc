#include "job/transition.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/json.h"
#include "job/errors.h"
#include "job/log_builder.h"

namespace hawser::job {
namespace {

/// The fencing rule: only the holder of the current epoch may write.
Status check_holder(const JobRecord& record, std::uint64_t epoch) {
  if (has_ended(record.state) && record.holder.empty()) {
    return fail(Errc::job_ended, fmt::format("The job has ended as {}.", to_string(record.state)));
  }
  if (record.holder.empty() || epoch != record.epoch) {
    return fail(Errc::fenced, fmt::format("Epoch {} no longer holds the job; stop working on it.", epoch));
  }
  return {};
}

bool has_begun(const JobRecord& record) {
  return record.run_epoch == record.epoch;
}

Change repetition(const JobRecord& record) {
  return {.record = record, .events = {}, .changed = false, .revoked = false, .error = {}};
}

Change silent(JobRecord record) {
  return {.record = std::move(record), .events = {}, .changed = true, .revoked = false, .error = {}};
}

Status check_new_events(const std::vector<NewEvent>& events) {
  for (const auto& event : events) {
    const bool appendable = event.kind == EventKind::chunk || event.kind == EventKind::progress ||
                            event.kind == EventKind::checkpoint;
    if (!appendable) return fail(Errc::bad_request, "Only chunk, progress and checkpoint can be appended.");
    if (event.payload.empty() || event.payload.size() > limits::kMaxEventPayload) {
      return fail(Errc::bad_request,
                  fmt::format("An event has 1 to {} bytes of JSON.", limits::kMaxEventPayload));
    }
  }
  return {};
}

std::uint64_t payload_bytes(const std::vector<NewEvent>& events) {
  return std::accumulate(events.begin(), events.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const NewEvent& event) { return sum + event.payload.size(); });
}

/// Drops what was accepted before. A hole in front of the batch is an error.
Status skip_repeated(const JobRecord& record, Append& command) {
  if (command.producer_sequence == 0)
    return fail(Errc::bad_request, "The producer counts its events from 1.");
  const auto next = record.producer_sequence + 1;
  if (command.producer_sequence > next) {
    return fail(Errc::sequence_gap, fmt::format("Producer sequence {} leaves a hole; {} is next.",
                                                command.producer_sequence, next));
  }
  const auto repeated = std::min<std::uint64_t>(next - command.producer_sequence, command.events.size());
  command.events.erase(command.events.begin(),
                       command.events.begin() + static_cast<std::ptrdiff_t>(repeated));
  return {};
}

void delay(JobRecord& record, Millis time, WallMillis now) {
  record.delay = time;
  record.not_before = time.count() > 0 ? now + time.count() : 0;
}

/// Doubled with each failure; half of it differs from job to job, so that many do not come back at once.
Millis backoff(const JobRecord& record, const Policy& policy) {
  const auto doublings = std::min(record.failures - 1, 20U);
  const auto full = std::min(policy.backoff.count() << doublings, policy.max_backoff.count());
  const auto spread = std::hash<JobId>()(record.id) * (record.failures + 1) % 1024;
  return Millis(full / 2 + full / 2 * static_cast<std::int64_t>(spread) / 1023);
}

double seconds(Millis time) {
  return std::chrono::duration<double>(time).count();
}

/// Ends the series whoever holds the job.
Change end_failed(const JobRecord& record, std::string payload, WallMillis now, const Rules& rules) {
  LogBuilder log(record, now, rules.log);
  ++log.record().epoch;
  log.end(EventKind::failed, std::move(payload));
  return std::move(log).finish();
}

/// A retryable failure: the job waits for its next run, or its attempts are used up.
Change fail_run(const JobRecord& record, std::string payload, WallMillis now, const Rules& rules) {
  if (record.failures + 1 >= rules.policy.attempts) return end_failed(record, std::move(payload), now, rules);
  auto next = take_back(record);
  ++next.failures;
  next.fruitless_attempts = 0;  // It is counted as a failure.
  next.last_error = payload.size() <= limits::kMaxKeptError ? std::move(payload) : std::string();
  delay(next, backoff(next, rules.policy), now);
  return silent(std::move(next));
}

}  // namespace

std::string failure_payload(const Error& error) {
  const auto text = std::string_view(error.message).substr(0, limits::kMaxErrorText);
  return json::Object().add("error", text).add("code", code_name(error.code)).str();
}

JobRecord create(const Start& command, WallMillis now) {
  JobRecord record;
  record.id = command.id;
  record.owner = std::make_shared<const std::string>(command.owner);
  record.type = std::make_shared<const std::string>(command.type);
  record.queued = true;
  record.created_at = now;
  record.idempotency_key = command.idempotency_key;
  record.priority = command.priority;
  delay(record, command.delay, now);
  return record;
}

JobRecord lease(const JobRecord& record, const Claim& command) {
  JobRecord next = record;
  ++next.epoch;
  next.holder = command.holder;
  next.lease = command.lease;
  next.queued = false;
  next.producer_sequence = 0;
  delay(next, {}, 0);
  return next;
}

JobRecord take_back(const JobRecord& record) {
  JobRecord next = record;
  ++next.epoch;
  next.holder.clear();
  next.lease = {};
  next.queued = true;
  if (next.state == JobState::running && next.checkpoint_sequence > 0) next.state = JobState::checkpointed;
  return next;
}

std::optional<Change> end_exhausted(const JobRecord& record, WallMillis now, const Rules& rules) {
  if (has_ended(record.state) || record.fruitless_attempts < rules.policy.attempts) return std::nullopt;
  const auto text =
      fmt::format("The job was interrupted {} times without any new output.", record.fruitless_attempts);
  return end_failed(record, failure_payload({Errc::interrupted, text}), now, rules);
}

Change decide_due(const JobRecord& record, Overdue what, WallMillis now, const Rules& rules) {
  const bool held = !record.holder.empty();
  Change change;
  if (what == Overdue::lease) {
    change = silent(take_back(record));
    change.record.last_error =
        failure_payload({Errc::interrupted, "The job's worker was not heard of any more."});
  } else if (what == Overdue::idle) {
    const auto text = fmt::format("The job wrote nothing for {} s.", seconds(rules.policy.idle_timeout));
    change = fail_run(record, failure_payload({Errc::timeout, text}), now, rules);
  } else {
    const auto text = fmt::format("The job did not end within {} s.", seconds(rules.policy.deadline));
    change = end_failed(record, failure_payload({Errc::timeout, text}), now, rules);
  }
  change.revoked = held;
  return change;
}

Result<Change> decide(const JobRecord& record, const Renew& command, WallMillis, const Rules&) {
  if (auto held = check_holder(record, command.epoch); !held) return std::unexpected(held.error());
  return repetition(record);
}

Result<Change> decide(const JobRecord& record, const Begin& command, WallMillis now, const Rules& rules) {
  if (auto held = check_holder(record, command.epoch); !held) return std::unexpected(held.error());
  if (has_begun(record)) return repetition(record);
  LogBuilder log(record, now, rules.log);
  if (log.has_room(1, 0)) {
    log.begin_run(command.from);
    return std::move(log).finish();
  }
  if (!has_ended(record.state)) {
    log.end_with_output_limit();
    return std::move(log).finish();
  }
  // Failed and full: it stays as it is, only the lease ends.
  log.record().holder.clear();
  log.record().lease = {};
  auto change = std::move(log).finish();
  change.error = output_limit_error(rules.log);
  return change;
}

Result<Change> decide(const JobRecord& record, Append command, WallMillis now, const Rules& rules) {
  if (auto held = check_holder(record, command.epoch); !held) return std::unexpected(held.error());
  if (!has_begun(record)) return fail(Errc::invalid_state, "The run has not begun; send Begin first.");
  if (auto valid = check_new_events(command.events); !valid) return std::unexpected(valid.error());
  if (auto skipped = skip_repeated(record, command); !skipped) return std::unexpected(skipped.error());
  if (command.events.empty()) return repetition(record);
  LogBuilder log(record, now, rules.log);
  if (!log.has_room(command.events.size(), payload_bytes(command.events))) {
    log.end_with_output_limit();
    return std::move(log).finish();
  }
  for (auto& event : command.events) log.append(event.kind, std::move(event.payload));
  log.record().producer_sequence += command.events.size();
  return std::move(log).finish();
}

Result<Change> decide(const JobRecord& record, Finish command, WallMillis now, const Rules& rules) {
  if (command.outcome != EventKind::completed && command.outcome != EventKind::failed) {
    return fail(Errc::bad_request, "A run ends as completed or failed.");
  }
  const bool ended_by_this_run =
      has_ended(record.state) && record.holder.empty() && record.epoch == command.epoch && has_begun(record);
  if (ended_by_this_run) return repetition(record);
  if (auto held = check_holder(record, command.epoch); !held) return std::unexpected(held.error());
  // A run that is refused before it begins may fail, but there is nothing it could have completed.
  const bool may_end = has_begun(record) || (command.outcome == EventKind::failed &&
                                             is_valid_transition(record.state, JobState::failed));
  if (!may_end) return fail(Errc::invalid_state, "The run has not begun; send Begin first.");
  if (command.retryable && command.outcome == EventKind::failed && !has_ended(record.state) &&
      record.failures + 1 < rules.policy.attempts) {
    return fail_run(record, std::move(command.payload), now, rules);
  }
  LogBuilder log(record, now, rules.log);
  log.record().run_epoch = record.epoch;
  if (command.payload.size() > limits::kMaxResult) {
    log.end_with_output_limit();
  } else {
    log.end(command.outcome, std::move(command.payload));
  }
  return std::move(log).finish();
}

Result<Change> decide(const JobRecord& record, const Release& command, WallMillis, const Rules&) {
  if (auto held = check_holder(record, command.epoch); !held) return std::unexpected(held.error());
  auto next = take_back(record);
  if (has_begun(record) && next.fruitless_attempts > 0) --next.fruitless_attempts;
  return silent(std::move(next));
}

Result<Change> decide(const JobRecord& record, const Cancel& command, WallMillis now, const Rules& rules) {
  if (*record.owner != command.owner) return std::unexpected(not_found(record.id));
  const bool held = !record.holder.empty();
  if (!is_active(record)) return repetition(record);
  LogBuilder log(record, now, rules.log);
  ++log.record().epoch;
  if (has_ended(record.state)) {
    log.record().queued = false;
    log.record().holder.clear();
    log.record().lease = {};
  } else {
    json::Object payload;
    if (!command.reason.empty()) payload.add("reason", command.reason);
    log.end(EventKind::cancelled, std::move(payload).str());
  }
  auto change = std::move(log).finish();
  change.revoked = held;
  return change;
}

Result<Change> decide(const JobRecord& record, const Resume& command, WallMillis now, const Rules& rules) {
  if (*record.owner != command.owner) return std::unexpected(not_found(record.id));
  if (is_terminal(record.state)) {
    return fail(Errc::invalid_state, fmt::format("Cannot resume job in state: {}", to_string(record.state)));
  }
  if (is_active(record)) return repetition(record);
  if (!LogBuilder(record, now, rules.log).has_room(1, 0))
    return std::unexpected(output_limit_error(rules.log));
  auto next = record;
  next.queued = true;
  // A person decided that it may try again.
  next.fruitless_attempts = 0;
  next.failures = 0;
  next.series_started_at = 0;
  next.last_error.clear();
  return silent(std::move(next));
}

void assign_positions(Change& change, std::uint64_t& owner_head) {
  for (auto& event : change.events) {
    event.position = ++owner_head;
    change.record.last_position = event.position;
    if (event.sequence == 1) change.record.first_position = event.position;
  }
}

Reply reply_to(const JobRecord& record, bool duplicate) {
  return {.id = record.id,
          .state = record.state,
          .epoch = record.epoch,
          .last_sequence = record.last_sequence,
          .duplicate = duplicate,
          .claimed = nullptr};
}

}  // namespace hawser::job
