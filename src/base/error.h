#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace hawser {

/// Every failure a user, a worker or an operator can meet. The wire spelling (`code_name`) is part of
/// the protocol: add names, never change one.
enum class Errc {
  bad_request,           ///< an argument is missing, of the wrong type or not valid JSON
  bad_sequence,          ///< a cursor that is negative, no integer, or above the head of the job
  not_found,             ///< unknown id, or somebody else's: both answer alike
  gone,                  ///< the job was deleted after its time, or by an administrator
  unknown_type,          ///< no handler is registered for the job type
  input_too_large,       ///< the job input is over limits::kMaxInputBytes
  idempotency_conflict,  ///< the key was used with another type or input
  invalid_state,         ///< the job's state does not allow the command
  job_ended,             ///< the job has ended; a write of its worker was refused
  fenced,                ///< the writer's epoch is no longer the current one
  sequence_gap,          ///< the producer sequence leaves a hole
  output_limit,          ///< the job reached its limit of events or bytes
  too_many_jobs,         ///< the user has as many unfinished jobs as one may have
  rate_limited,          ///< too many commands or starts in a short time
  too_many_catch_ups,    ///< a socket asked to replay more jobs at once than limits allow
  overloaded,            ///< a bounded queue is full; try again later
  storage_full,          ///< free space is below the reserve; reads and cancels go on
  shutting_down,         ///< the server is draining; try again after reconnecting
  reset,                 ///< the position is not known here any more: start again from the head
  interrupted,           ///< the work was cut off and must not be done twice
  handler_failed,        ///< the handler reported an error
  upstream_failed,       ///< a service the handler called failed
  timeout,               ///< it did not finish in time
  unauthorized,          ///< no valid token
  damaged,               ///< the stored data of the job is damaged
  corrupt,               ///< files are damaged, and nothing can be opened
  unavailable,           ///< a resource could not be opened or reached
  config,                ///< the configuration is wrong
  internal,              ///< a defect of ours
};

/// Stable spelling for the wire and for logs, for example "idempotency_conflict".
std::string_view code_name(Errc code);
/// The code of that spelling; `internal` for one that we do not know.
Errc code_of(std::string_view name);

/// Whether the same request may succeed later without being changed.
bool is_retryable(Errc code);

/// An operating error: a code for programs and a sentence for people that names what to do.
/// Messages never contain secrets, and are safe to send to the peer that caused them.
struct Error {
  Errc code = Errc::internal;
  std::string message;
  std::optional<Millis> retry_after{};  ///< when it may go better, where that is known
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace hawser
