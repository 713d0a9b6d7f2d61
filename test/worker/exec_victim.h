#pragma once

namespace hawser::worker {

inline constexpr const char* kExecVictimCommand = "exec-victim";

/// Runs an exec job whose processes try to outlive it, and prints their numbers. Ends only by a signal.
int exec_victim_main();

}  // namespace hawser::worker
