#pragma once

#include <cstdint>
#include <string>

#include "job/transition.h"

namespace hawser::job {

/// Appends events to a job's log while a change is being decided, and keeps the counters of the record in
/// step. Private to the transition functions.
class LogBuilder {
 public:
  LogBuilder(const JobRecord& record, WallMillis now, const LogLimits& limits);

  /// Whether `events` more of together `bytes` payload fit and leave room for the event that ends the job.
  bool has_room(std::uint64_t events, std::uint64_t bytes) const;

  void append(EventKind kind, std::string payload);
  /// Writes the event that ends the series and takes the lease away.
  void end(EventKind outcome, std::string payload);
  /// Ends the job as failed with output_limit, which the command answers too.
  void end_with_output_limit();
  /// job:started, or job:resumed after withdrawing what the new run will write again.
  void begin_run(ContinueFrom from);

  JobRecord& record() { return change_.record; }
  Change finish() &&;

 private:
  std::uint64_t withdraw(ContinueFrom from);
  void fill_partial_output(Event& event) const;

  Change change_;
  WallMillis now_;
  LogLimits limits_;
};

/// Why a job has no room left, as its owner reads it.
Error output_limit_error(const LogLimits& limits);

}  // namespace hawser::job
