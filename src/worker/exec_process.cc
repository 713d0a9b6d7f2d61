#include "worker/exec_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace hawser::worker {
namespace {

Error not_started(int error) {
  // strerrordesc_np returns constants, so it is safe with threads.
  return {Errc::unavailable, fmt::format("The command could not be started: {}.", strerrordesc_np(error))};
}

/// The two ends of a channel; `theirs` is out of the way of the numbers 0 to 3 it will be duplicated to.
struct Ends {
  UniqueFd ours, theirs;

  static Ends of(int ours, int theirs) {
    Ends ends{UniqueFd(ours), UniqueFd(fcntl(theirs, F_DUPFD_CLOEXEC, kExecControlFd + 1))};
    close(theirs);
    return ends;
  }
  bool valid() const { return ours.valid() && theirs.valid(); }
};

Ends make_pipe() {
  int fds[2] = {-1, -1};
  if (pipe2(fds, O_CLOEXEC) != 0) return {};
  fcntl(fds[0], F_SETFL, O_NONBLOCK);
  return Ends::of(fds[0], fds[1]);
}

Ends make_control() {
  int fds[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) return {};
  return Ends::of(fds[0], fds[1]);
}

std::string variable(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return fmt::format("{}={}", name, value != nullptr ? value : fallback);
}

std::vector<std::string> clean_environment() {
  return {variable("PATH", "/usr/local/bin:/usr/bin:/bin"), variable("HOME", "/"),
          variable("LANG", "C.UTF-8")};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

/// What posix_spawn is to do in the child, released with it.
class SpawnPlan {
 public:
  SpawnPlan(int out, int err, int control) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, control, kExecControlFd);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kExecControlFd + 1);

    posix_spawnattr_init(&attributes_);
    // A session of its own: a Ctrl-C for the server is not one for the command.
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  /// Zero or an errno.
  int spawn(pid_t& pid, const std::string& program, std::vector<std::string> argv) const {
    auto environment = clean_environment();
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, pointers(argv).data(),
                       pointers(environment).data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<ExecProcess> ExecProcess::start(const std::string& supervisor, const std::vector<std::string>& argv) {
  auto out = make_pipe();
  auto err = make_pipe();
  auto control = make_control();
  if (!out.valid() || !err.valid() || !control.valid()) return std::unexpected(not_started(errno));

  std::vector<std::string> supervised = {"hawser", kExecSupervisorCommand};
  supervised.insert(supervised.end(), argv.begin(), argv.end());
  const SpawnPlan plan(out.theirs.get(), err.theirs.get(), control.theirs.get());
  ExecProcess process;
  const int error = plan.spawn(process.supervisor_, supervisor, std::move(supervised));
  if (error != 0) {
    process.supervisor_ = -1;
    return std::unexpected(not_started(error));
  }
  process.stdout_ = std::move(out.ours);
  process.stderr_ = std::move(err.ours);
  process.control_ = std::move(control.ours);
  return process;
}

ExecProcess::ExecProcess(ExecProcess&& other) noexcept
    : supervisor_(std::exchange(other.supervisor_, -1)),
      stdout_(std::move(other.stdout_)),
      stderr_(std::move(other.stderr_)),
      control_(std::move(other.control_)) {}

ExecProcess::~ExecProcess() {
  if (supervisor_ < 0) return;
  control_.reset();  // To the supervisor this is the end of the server.
  while (waitpid(supervisor_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void ExecProcess::terminate() {
  send(control_.get(), &kExecTerminate, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

std::optional<ExecStatus> ExecProcess::take_status() {
  ExecStatus status;
  const auto size = recv(control_.get(), &status, sizeof(status), 0);
  if (size != static_cast<ssize_t>(sizeof(status))) return std::nullopt;
  return status;
}

}  // namespace hawser::worker
