#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/limits.h"
#include "base/loop.h"
#include "job/job_store.h"
#include "worker/event_writer.h"
#include "worker/handler.h"
#include "worker/progress_gate.h"
#include "worker/stop_signal.h"

namespace hawser::worker {

/// One run of a job as its handler sees it. Shared by the pool thread that runs the handler and the
/// executor, which may tell it to stop and ticks it.
class JobRun final : public JobContext {
 public:
  JobRun(job::Commands& commands, Clock& clock, job::ClaimedJob claimed, Window window = {});

  const JobId& id() const override { return claimed_.record.id; }
  std::string_view owner() const override { return *claimed_.record.owner; }
  std::string_view input() const override { return claimed_.input; }
  const ResumePoint& resume_point() const override { return resume_point_; }
  Status emit(std::string chunk_json) override;
  Status progress(std::uint64_t current, std::uint64_t total, std::string_view message) override;
  Status checkpoint(std::string state_json) override;
  void checkpoint_with(std::function<std::string()> state) override;
  bool sleep_for(std::chrono::nanoseconds duration) override;
  std::stop_token stop_token() const override { return stop_->token(); }
  StopReason stop_reason() const override { return stop_->reason(); }

  const job::JobRecord& record() const { return claimed_.record; }
  /// Narrows what the handler is told to what stands after `from`. Before the handler runs.
  void continue_from(job::ContinueFrom from);
  /// Commits the last progress and everything emitted. Handler thread.
  Status flush();
  /// The first rule the handler broke, which fails the job whatever it returns.
  const std::optional<Error>& defect() const { return defect_; }

  /// Asks the handler to stop; unless the server drains, nothing more is written. Any thread.
  void request_stop(StopReason reason);
  /// Sends what had to wait: held progress, a refused batch. Never blocks. The executor's thread.
  void tick();

 private:
  Status push(job::EventKind kind, std::string_view json);
  Status break_rule(std::string message);
  Status send_due_progress();

  Clock& clock_;
  const job::ClaimedJob claimed_;
  const Window window_;
  const std::shared_ptr<StopSignal> stop_ = std::make_shared<StopSignal>();
  const std::shared_ptr<EventWriter> writer_;
  ResumePoint resume_point_;
  std::function<std::string()> state_;  ///< of the handler, for checkpoints that we time
  std::uint64_t chunks_since_checkpoint_ = 0;
  std::optional<Error> defect_;
  std::mutex progress_mutex_;  ///< held while progress is handed on, so that it keeps its order
  ProgressGate progress_;
};

}  // namespace hawser::worker
