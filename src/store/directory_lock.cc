#include "store/directory_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace hawser::store {
namespace {

std::string reason(int error) {
  return std::generic_category().message(error);
}

/// The same advice whatever it was that could not be done there.
Error not_writable(std::string_view what, const std::string& path, const std::string& why) {
  return {Errc::unavailable,
          fmt::format(
              "Cannot {} {}: {}. The data directory must be writable for this user: mount it for writing or "
              "change its owner, or choose another one (--data-dir).",
              what, path, why)};
}

/// The new name is there after a power loss. Where that cannot be asked for, the file system decides.
void sync_directory(const std::filesystem::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Status create_directory(const std::string& directory) {
  std::error_code error;
  if (std::filesystem::is_directory(directory, error)) return {};
  const auto parent = std::filesystem::path(directory).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(directory.c_str(), S_IRWXU) == 0) {
    sync_directory(parent.empty() ? "." : parent);
    return {};
  }
  if (errno == EEXIST) return {};
  return std::unexpected(not_writable("create the data directory", directory, reason(errno)));
}

std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const auto size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.resize(std::min(pid.find('\n'), pid.size()));
  return pid.empty() ? "another process" : "process " + pid;
}

Status write_holder(int descriptor) {
  const auto pid = fmt::format("{}\n", ::getpid());
  const bool written = ::ftruncate(descriptor, 0) == 0 &&
                       ::pwrite(descriptor, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  if (!written) return fail(Errc::unavailable, reason(errno));
  return {};
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  if (auto created = create_directory(directory); !created) return std::unexpected(created.error());
  const auto path = directory + "/LOCK";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return std::unexpected(not_writable("open", path, reason(errno)));
  DirectoryLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return fail(Errc::unavailable, fmt::format("Cannot lock {}: {}.", path, reason(errno)));
    }
    return fail(Errc::unavailable,
                fmt::format("The data directory {} is in use by {}; stop it or choose another directory.",
                            directory, holder_of(descriptor)));
  }
  if (auto written = write_holder(descriptor); !written) {
    return std::unexpected(not_writable("write", path, written.error().message));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

}  // namespace hawser::store
