#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "job/event.h"

namespace hawser::store {

/// An event of a log as far as collecting output needs it. `payload` is valid until the next one is read.
struct LogEntry {
  job::EventKind kind = job::EventKind::chunk;
  std::string_view payload;
};

/// Reads the event of a sequence (one that exists) of the job in question.
using EntryAt = std::function<Result<LogEntry>(std::uint64_t sequence)>;

/// The chunks that stand in front of `sequence`, as a JSON array: all but those that a job:resumed withdrew.
/// Reads backwards and jumps over withdrawn stretches, so the cost is that of the output itself.
Result<std::string> standing_output(std::uint64_t sequence, const EntryAt& entry_at);

/// Reads the input of the job in question.
using InputOf = std::function<Result<std::string>()>;

/// Fills in what the log does not repeat (Event::complete).
Status complete(job::Event& event, const InputOf& input, const EntryAt& entry_at);

}  // namespace hawser::store
