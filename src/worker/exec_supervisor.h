#pragma once

#include <cstdint>

/// The process between the server and a command of an `exec` job. It exists so that nothing of the command
/// outlives the job or the server, even a server that ended by kill -9: it holds a socket to the server, and
/// when that closes it kills all descendants of the command, those in other process groups too (it is their
/// subreaper, so orphans become its own children).
///
/// Started as `PROGRAM exec-supervisor ARGV…` with the command's stdout and stderr as 1 and 2 and the control
/// socket (SOCK_SEQPACKET) as 3. It has one thread and shares nothing else with the server.
namespace hawser::worker {

inline constexpr const char* kExecSupervisorCommand = "exec-supervisor";
inline constexpr int kExecControlFd = 3;
/// Sent by the server: end the command, with SIGTERM first and SIGKILL after kExecKillDelayMs.
inline constexpr char kExecTerminate = 'T';
inline constexpr int kExecKillDelayMs = 2000;

/// The supervisor's one message to the server, when the command and all its descendants are gone.
struct ExecStatus {
  enum class Kind : std::int32_t { exited, signalled, not_started };
  Kind kind = Kind::exited;
  std::int32_t value = 0;  ///< exit status, signal number or errno
};

/// To be called first thing in main when argv[1] is kExecSupervisorCommand; returns the process's exit
/// status.
int exec_supervisor_main(int argc, char** argv);

}  // namespace hawser::worker
