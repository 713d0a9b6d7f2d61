#pragma once

#include <sys/types.h>

#include <vector>

namespace hawser::worker {

/// Direct children of a process, from /proc. Those that ended and wait to be reaped are listed too.
std::vector<pid_t> children_of(pid_t parent);

}  // namespace hawser::worker
