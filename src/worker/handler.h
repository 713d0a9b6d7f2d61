#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/id.h"
#include "job/continue_from.h"

namespace hawser::worker {

/// What an earlier, interrupted run left. `attempt` is 1 for the first run.
struct ResumePoint {
  std::uint32_t attempt = 1;
  /// Chunks that stand in the log and will not be asked for again.
  std::uint64_t chunk_count = 0;
  /// The state the handler gave with its newest standing checkpoint, JSON.
  std::optional<std::string> checkpoint;
};

/// What to do with a job that a handler has to run again.
struct ResumePlan {
  job::ContinueFrom from = job::ContinueFrom::last_event;
  /// Set when the work must not be done again: the job fails with this error (usually `interrupted`).
  std::optional<Error> refuse;
};

enum class StopReason { none, cancelled, fenced, draining };

/// A running job, as its handler sees it. Handlers are plain blocking functions on a pool thread; all
/// calls here are made by that thread unless said otherwise.
class JobContext {
 public:
  virtual ~JobContext() = default;
  virtual const JobId& id() const = 0;
  virtual std::string_view owner() const = 0;
  virtual std::string_view input() const = 0;  ///< JSON, already accepted by Handler::validate
  virtual const ResumePoint& resume_point() const = 0;

  /// Appends one chunk (any JSON value). Returns at once while the window of uncommitted events has room,
  /// else waits. An error means: stop working and return; what was not committed is lost for this run.
  virtual Status emit(std::string chunk_json) = 0;
  /// Reports progress; coalesced to ten a second, the last one always goes out before the job ends.
  virtual Status progress(std::uint64_t current, std::uint64_t total, std::string_view message = {}) = 0;
  /// Writes a checkpoint behind everything emitted so far. `state_json` is what a later run gets back.
  virtual Status checkpoint(std::string state_json) = 0;
  /// Leaves the time of checkpoints to us: from now on `emit` writes one behind every so many chunks
  /// (job::Policy::checkpoint_every), with the state that `state` returns then, as JSON.
  virtual void checkpoint_with(std::function<std::string()> state) = 0;

  /// Waits, but returns early and false when the job must stop.
  virtual bool sleep_for(std::chrono::nanoseconds duration) = 0;
  /// Asked to stop: cancelled, fenced off, or the server drains. Any thread may use the token.
  virtual std::stop_token stop_token() const = 0;
  virtual StopReason stop_reason() const = 0;
};

/// How a run ended.
struct Outcome {
  enum class Kind { completed, failed, stopped };
  Kind kind = Kind::completed;
  std::string result;      ///< completed: JSON
  Error error;             ///< failed
  bool retryable = false;  ///< failed: it may go better another time (job::Policy::attempts)

  static Outcome completed(std::string result_json) {
    return {Kind::completed, std::move(result_json), {}, false};
  }
  /// For good: trying again would end the same way.
  static Outcome failed(Error error) { return {Kind::failed, {}, std::move(error), false}; }
  /// The job is run again after a while, and fails with this error once its attempts are used up.
  static Outcome retry(Error error) { return {Kind::failed, {}, std::move(error), true}; }
  /// The handler noticed the stop request and left; when draining, the job goes on elsewhere or later.
  static Outcome stopped() { return {Kind::stopped, {}, {}, false}; }
};

/// One kind of work. Shared by all runs of its type, so `run` is called from several threads at once.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual std::string_view type() const = 0;
  /// Refuses bad input with a sentence for the user, before the job exists. Quick; called on any thread.
  virtual Status validate(std::string_view input) const = 0;
  /// Called before every run but the first.
  virtual ResumePlan plan(std::string_view input, const ResumePoint& point) const = 0;
  virtual Outcome run(JobContext& context) = 0;
};

}  // namespace hawser::worker
