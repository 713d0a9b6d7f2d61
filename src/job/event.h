#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/id.h"
#include "base/time.h"

namespace hawser::job {

enum class EventKind : std::uint8_t {
  started = 1,
  chunk = 2,
  progress = 3,
  checkpoint = 4,
  resumed = 5,
  completed = 6,
  failed = 7,
  cancelled = 8,
};

/// Name on the wire: "job:chunk" and so on.
std::string_view event_name(EventKind kind);
/// completed, failed or cancelled: ends a series.
bool is_ending(EventKind kind);

/// One entry of a job's log, immutable once committed.
///
/// `payload` is JSON, by kind:
///   started     empty in the log; a read fills in the job's input
///   chunk       the chunk itself, any JSON value
///   progress    {"current","total","message"?,"percentage"}
///   checkpoint  the handler's own state, any JSON value; never sent to clients
///   resumed     {"attempt","keepThrough"}
///   completed   the result, any JSON value
///   failed      {"error","code"}
///   cancelled   {} or {"reason"}
struct Event {
  JobId job;
  std::shared_ptr<const std::string> owner;
  std::shared_ptr<const std::string> type;  ///< the job's type; sent with `started`
  EventKind kind = EventKind::chunk;
  std::uint64_t sequence = 0;  ///< 1, 2, 3, … within the job
  std::uint64_t position = 0;  ///< 1, 2, 3, … within all events of the owner (commit order)
  std::uint32_t attempt = 0;   ///< which run of the handler wrote it, from 1
  WallMillis timestamp = 0;
  SharedBytes payload;

  /// Parts that the log does not repeat and a read fills in: the input of `started`, and for `checkpoint`
  /// and `failed` the chunks that stand so far, as a JSON array. False until then; such an event must
  /// be read from the store before it can be sent. Always true for the other kinds.
  bool complete = true;
  /// JSON array of the standing chunks before this event; empty for the other kinds.
  SharedBytes partial_output;
  bool partial_output_truncated = false;
};

using EventPtr = std::shared_ptr<const Event>;

}  // namespace hawser::job
