#pragma once

#include <optional>
#include <string>

#include "base/loop.h"
#include "worker/exec_output.h"
#include "worker/exec_process.h"
#include "worker/handler.h"
#include "worker/unique_fd.h"

namespace hawser::worker {

/// One command of an exec job from its start to its end: hands its output to the job, and a request to stop
/// to the command. Lives on the handler's thread.
class ExecSession {
 public:
  ExecSession(JobContext& context, Clock& clock, ExecProcess process);

  /// Returns when the command and all its descendants are gone.
  Outcome run();

 private:
  using Stream = ExecOutput::Stream;

  void wait();
  int poll_timeout() const;
  /// Reads once; closes our interest when the stream has ended.
  bool read_some(Stream stream);
  void read_rest(Stream stream);
  void emit(std::optional<std::string> chunk);
  void terminate();
  Outcome outcome() const;

  JobContext& context_;
  Clock& clock_;
  ExecProcess process_;
  ExecOutput output_;
  UniqueFd stop_event_;  ///< readable once the job is asked to stop
  bool open_[2] = {true, true};
  bool ended_ = false;
  bool terminating_ = false;
  std::optional<ExecStatus> status_;
  std::optional<Error> emit_error_;
};

}  // namespace hawser::worker
