#pragma once

namespace hawser::store {

/// The test program as the process that a test kills: `store_test KILL-CHILD DIRECTORY`.
inline constexpr const char* kKillChildCommand = "kill-child";

/// Appends to many jobs and reports each acknowledgement on descriptor 3, until it is killed.
[[noreturn]] int kill_child_main(const char* directory);

}  // namespace hawser::store
