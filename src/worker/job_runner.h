#pragma once

#include "base/error.h"
#include "job/job_store.h"
#include "worker/handler.h"
#include "worker/job_run.h"

namespace hawser::worker {

/// Takes one claimed job as far as it goes: asks the handler for a plan, begins, runs it, and finishes the
/// job or gives it back. Blocks the calling thread, which is the handler's. Never throws.
class JobRunner {
 public:
  JobRunner(job::Commands& commands, JobRun& run, Handler& handler)
      : commands_(commands), run_(run), handler_(handler) {}
  void execute();

 private:
  void plan_and_run();
  Result<job::ContinueFrom> plan();
  Outcome call_handler();
  void refuse(const Error& error);
  void end(const Outcome& outcome);
  void finish(const Outcome& outcome);
  void release();
  bool begin(job::ContinueFrom from);
  Result<job::Reply> submit(const job::Command& command);

  job::Commands& commands_;
  JobRun& run_;
  Handler& handler_;
};

}  // namespace hawser::worker
