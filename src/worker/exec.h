#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "worker/handler.h"
#include "worker/options.h"

namespace hawser::worker {

/// Runs a command of the configured allow-list: {"command", "args"?}. Streams its output as chunks
/// {"stream","text"}; the result is {"exitCode":0}, any other end fails the job. The command and everything
/// it started die with the job, the server included (exec_supervisor.h).
class Exec final : public Handler {
 public:
  Exec(ExecOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}

  std::string_view type() const override { return "exec"; }
  Status validate(std::string_view input) const override;
  /// A command is done twice only if its entry says that this is harmless.
  ResumePlan plan(std::string_view input, const ResumePoint& point) const override;
  Outcome run(JobContext& context) override;

 private:
  Result<ExecCommand> parse(std::string_view input) const;

  const ExecOptions options_;
  Clock& clock_;
};

}  // namespace hawser::worker
