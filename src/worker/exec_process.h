#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "worker/exec_supervisor.h"
#include "worker/unique_fd.h"

namespace hawser::worker {

/// A command under its supervisor, seen from the server. Used by one thread. Destroying it kills what still
/// runs and waits for that.
class ExecProcess {
 public:
  /// Starts `argv` with stdin empty, a clean environment and no other descriptor of the server.
  static Result<ExecProcess> start(const std::string& supervisor, const std::vector<std::string>& argv);
  ExecProcess(ExecProcess&& other) noexcept;
  ExecProcess& operator=(ExecProcess&&) = delete;
  ~ExecProcess();

  // To be polled; the first two do not block when read.
  int stdout_fd() const { return stdout_.get(); }
  int stderr_fd() const { return stderr_.get(); }
  int control_fd() const { return control_.get(); }

  /// Asks the supervisor to end the command and its descendants, at the latest after kExecKillDelayMs.
  void terminate();
  /// How it ended. To be called when control_fd is readable; nothing if the supervisor was killed.
  std::optional<ExecStatus> take_status();

 private:
  ExecProcess() = default;

  pid_t supervisor_ = -1;
  UniqueFd stdout_, stderr_, control_;
};

}  // namespace hawser::worker
