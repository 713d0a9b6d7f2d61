#pragma once

#include <string>
#include <utility>
#include <vector>

#include "job/transition.h"

/// Records in typical situations, for the tests of the transition functions.
namespace hawser::job {

inline constexpr WallMillis kNow = 1'700'000'000'000;
inline const JobId kId = JobId::make(kNow, {});

inline JobRecord fresh() {
  return create({.id = kId, .owner = "ann", .type = "search", .input = "{}", .idempotency_key = {}}, kNow);
}

inline Claim by(std::string holder) {
  return {.types = {"search"}, .holder = std::move(holder)};
}

/// Claimed and begun at epoch 1, with job:started in the log.
inline JobRecord begun() {
  return decide(lease(fresh(), by("worker")), Begin{.id = kId, .epoch = 1, .from = {}}, kNow, {})->record;
}

inline Append append_of(const JobRecord& record, std::vector<NewEvent> events) {
  return {.id = kId,
          .epoch = record.epoch,
          .producer_sequence = record.producer_sequence + 1,
          .events = std::move(events)};
}

inline JobRecord with(const JobRecord& record, std::vector<NewEvent> events, const Rules& rules = {}) {
  return decide(record, append_of(record, std::move(events)), kNow, rules)->record;
}

inline NewEvent chunk(std::string payload = "\"x\"") {
  return {EventKind::chunk, std::move(payload)};
}
inline NewEvent checkpoint(std::string payload = "{}") {
  return {EventKind::checkpoint, std::move(payload)};
}

inline JobRecord finished(EventKind outcome) {
  const auto record = with(begun(), {chunk()});
  return decide(record, Finish{.id = kId, .epoch = 1, .outcome = outcome, .payload = "{}"}, kNow, {})->record;
}

/// Begins the next run after the lease was lost.
inline Change begun_again(const JobRecord& record, ContinueFrom from) {
  const auto leased = lease(take_back(record), by("other"));
  return *decide(leased, Begin{.id = kId, .epoch = leased.epoch, .from = from}, kNow, {});
}

inline Errc code_of(const Result<Change>& change) {
  return change ? Errc::internal : change.error().code;
}

}  // namespace hawser::job
