#include "base/error.h"

namespace hawser {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::bad_request: return "bad_request";
    case Errc::bad_sequence: return "bad_sequence";
    case Errc::not_found: return "not_found";
    case Errc::gone: return "gone";
    case Errc::unknown_type: return "unknown_type";
    case Errc::input_too_large: return "input_too_large";
    case Errc::idempotency_conflict: return "idempotency_conflict";
    case Errc::invalid_state: return "invalid_state";
    case Errc::job_ended: return "job_ended";
    case Errc::fenced: return "fenced";
    case Errc::sequence_gap: return "sequence_gap";
    case Errc::output_limit: return "output_limit";
    case Errc::too_many_jobs: return "too_many_jobs";
    case Errc::rate_limited: return "rate_limited";
    case Errc::too_many_catch_ups: return "too_many_catch_ups";
    case Errc::overloaded: return "overloaded";
    case Errc::storage_full: return "storage_full";
    case Errc::shutting_down: return "shutting_down";
    case Errc::reset: return "reset";
    case Errc::interrupted: return "interrupted";
    case Errc::handler_failed: return "handler_failed";
    case Errc::upstream_failed: return "upstream_failed";
    case Errc::timeout: return "timeout";
    case Errc::unauthorized: return "unauthorized";
    case Errc::damaged: return "damaged";
    case Errc::corrupt: return "corrupt";
    case Errc::unavailable: return "unavailable";
    case Errc::config: return "config";
    case Errc::internal: return "internal";
  }
  return "internal";
}

Errc code_of(std::string_view name) {
  for (int i = 0; i < static_cast<int>(Errc::internal); ++i) {
    if (code_name(static_cast<Errc>(i)) == name) return static_cast<Errc>(i);
  }
  return Errc::internal;
}

bool is_retryable(Errc code) {
  switch (code) {
    case Errc::too_many_jobs:
    case Errc::rate_limited:
    case Errc::too_many_catch_ups:
    case Errc::overloaded:
    case Errc::storage_full:
    case Errc::shutting_down:
    case Errc::upstream_failed:
    case Errc::timeout:
    case Errc::unavailable: return true;
    default: return false;
  }
}

}  // namespace hawser
