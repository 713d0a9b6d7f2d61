#include "worker/exec_supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>

#include "worker/process_children.h"
#include "worker/unique_fd.h"

namespace hawser::worker {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The file that `name` means, looked up in PATH as a shell would. (execvp is not used because it hands files
/// of unknown format to a shell.)
std::string resolve(const std::string& name) {
  const char* path = std::getenv("PATH");
  if (name.find('/') != std::string::npos || path == nullptr) return name;
  std::string rest = path;
  while (true) {
    const auto end = rest.find(':');
    auto candidate = rest.substr(0, end) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    if (end == std::string::npos) return name;
    rest.erase(0, end + 1);
  }
}

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

/// Becomes the command; on failure writes errno to `report` and exits.
[[noreturn]] void become(char** argv, const std::string& file, pid_t supervisor, int report) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // Should somebody kill the supervisor itself.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (getppid() == supervisor) execv(file.c_str(), argv);
  const int error = errno;
  (void)!write(report, &error, sizeof(error));
  _exit(127);
}

class Supervisor {
 public:
  int run(char** argv);

 private:
  bool start(char** argv);
  void let_go_of_output();
  void watch();
  void on_signal();
  void on_control();
  void reap();
  void terminate();
  void kill_all();
  void report() const;
  int poll_timeout() const;

  UniqueFd control_{kExecControlFd};
  UniqueFd signals_;
  pid_t command_ = -1;
  std::optional<ExecStatus> status_;
  std::optional<SteadyClock::time_point> kill_at_;
  bool server_gone_ = false;
};

int Supervisor::run(char** argv) {
  fcntl(control_.get(), F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const auto watched = watched_signals();
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  signals_ = UniqueFd(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.valid()) {
    status_ = ExecStatus{ExecStatus::Kind::not_started, errno};
  } else if (start(argv)) {
    let_go_of_output();
    watch();
    kill_all();
  }
  report();
  return 0;
}

bool Supervisor::start(char** argv) {
  int pipe_ends[2] = {-1, -1};
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    status_ = ExecStatus{ExecStatus::Kind::not_started, errno};
    return false;
  }
  const UniqueFd failure(pipe_ends[0]);
  UniqueFd report(pipe_ends[1]);
  const auto file = resolve(argv[0]);
  const pid_t self = getpid();
  command_ = fork();
  if (command_ == 0) become(argv, file, self, report.get());
  int error = command_ < 0 ? errno : 0;
  report.reset();
  // The end of the pipe without a byte means that exec has closed it, hence that the command runs.
  if (command_ > 0) (void)!read(failure.get(), &error, sizeof(error));
  if (error == 0) return true;
  if (command_ > 0) waitpid(command_, nullptr, 0);
  status_ = ExecStatus{ExecStatus::Kind::not_started, error};
  return false;
}

/// Or the server would not see the end of the command's output before our own.
void Supervisor::let_go_of_output() {
  dup2(STDIN_FILENO, STDOUT_FILENO);
  dup2(STDIN_FILENO, STDERR_FILENO);
}

void Supervisor::watch() {
  while (!status_ && !server_gone_) {
    pollfd fds[] = {{signals_.get(), POLLIN, 0}, {control_.get(), POLLIN, 0}};
    const int ready = poll(fds, 2, poll_timeout());
    if (ready < 0 && errno != EINTR) return;
    if (ready > 0 && fds[0].revents != 0) on_signal();
    if (ready > 0 && fds[1].revents != 0) on_control();
    if (kill_at_ && SteadyClock::now() >= *kill_at_) return;
  }
}

int Supervisor::poll_timeout() const {
  if (!kill_at_) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - SteadyClock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

void Supervisor::on_signal() {
  signalfd_siginfo info{};
  while (read(signals_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo != static_cast<std::uint32_t>(SIGCHLD)) terminate();
  }
  reap();
}

void Supervisor::on_control() {
  char message = 0;
  const auto size = recv(control_.get(), &message, 1, MSG_DONTWAIT);
  if (size == 1 && message == kExecTerminate) return terminate();
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) server_gone_ = true;
}

void Supervisor::reap() {
  int state = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &state, WNOHANG)) > 0;) {
    if (pid != command_) continue;
    status_ = WIFSIGNALED(state) ? ExecStatus{ExecStatus::Kind::signalled, WTERMSIG(state)}
                                 : ExecStatus{ExecStatus::Kind::exited, WEXITSTATUS(state)};
  }
}

void Supervisor::terminate() {
  if (kill_at_) return;
  kill_at_ = SteadyClock::now() + std::chrono::milliseconds(kExecKillDelayMs);
  kill(-command_, SIGTERM);
  for (const auto child : children_of(getpid())) {
    if (getpgid(child) != command_) kill(child, SIGTERM);
  }
}

/// Kills children until there are none: the children of each that dies become ours and are next.
void Supervisor::kill_all() {
  if (!status_) kill(-command_, SIGKILL);  // Once it is reaped the number may be somebody else's.
  while (true) {
    reap();
    const auto children = children_of(getpid());
    if (children.empty()) return;
    for (const auto child : children) kill(child, SIGKILL);
    siginfo_t ended{};
    waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);  // Leaves the reaping, and its status, to `reap`.
  }
}

void Supervisor::report() const {
  const auto status = status_.value_or(ExecStatus{ExecStatus::Kind::signalled, SIGKILL});
  send(control_.get(), &status, sizeof(status), MSG_NOSIGNAL);
}

}  // namespace

int exec_supervisor_main(int argc, char** argv) {
  if (argc < 3) return 2;
  return Supervisor().run(argv + 2);
}

}  // namespace hawser::worker
