#pragma once

#include <string>

#include "base/error.h"

namespace hawser::store {

/// Holds a data directory for this process: an exclusive flock on its file LOCK, which also names the
/// holder's process id. Given back when destroyed and by the kernel when the process dies, however it does.
/// The descriptor is not inherited by programs we start.
class DirectoryLock {
 public:
  /// Creates the directory (mode 0700) when it is missing. Errors: `unavailable`, naming the directory, and
  /// the process that holds it.
  static Result<DirectoryLock> acquire(const std::string& directory);

  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace hawser::store
