#include "worker/exec_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/json.h"

namespace hawser::worker {
namespace {

std::size_t index_of(ExecOutput::Stream stream) {
  return stream == ExecOutput::Stream::out ? 0 : 1;
}

std::string describe(const ExecStatus& status) {
  switch (status.kind) {
    case ExecStatus::Kind::exited: return fmt::format("The command exited with status {}.", status.value);
    case ExecStatus::Kind::signalled: {
      const char* name = sigdescr_np(status.value);
      return fmt::format("The command was ended by signal {} ({}).", status.value, name ? name : "unknown");
    }
    case ExecStatus::Kind::not_started: break;
  }
  const char* reason = strerrordesc_np(status.value);
  return fmt::format("The command could not be started: {}.", reason ? reason : "unknown error");
}

}  // namespace

ExecSession::ExecSession(JobContext& context, Clock& clock, ExecProcess process)
    : context_(context),
      clock_(clock),
      process_(std::move(process)),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Outcome ExecSession::run() {
  if (!stop_event_.valid()) return Outcome::failed({Errc::unavailable, "No file descriptor is free."});
  const std::stop_callback on_stop(context_.stop_token(), [fd = stop_event_.get()] { eventfd_write(fd, 1); });
  while (!ended_) wait();
  // All writers are gone, so what stands in the pipes now is all there will be.
  for (const auto stream : {Stream::out, Stream::err}) {
    read_rest(stream);
    emit(output_.end(stream, clock_.now()));
  }
  emit(output_.take());
  return outcome();
}

void ExecSession::wait() {
  std::array<pollfd, 4> fds = {{{open_[0] ? process_.stdout_fd() : -1, POLLIN, 0},
                                {open_[1] ? process_.stderr_fd() : -1, POLLIN, 0},
                                {process_.control_fd(), POLLIN, 0},
                                {terminating_ ? -1 : stop_event_.get(), POLLIN, 0}}};
  const int ready = poll(fds.data(), fds.size(), poll_timeout());
  if (ready > 0) {
    if (fds[3].revents != 0) terminate();
    if (fds[0].revents != 0) read_some(Stream::out);
    if (fds[1].revents != 0) read_some(Stream::err);
    if (fds[2].revents != 0) {
      ended_ = true;
      status_ = process_.take_status();
    }
  }
  if (const auto due = output_.due(); due && *due <= clock_.now()) emit(output_.take());
}

int ExecSession::poll_timeout() const {
  const auto due = output_.due();
  if (!due) return -1;
  const auto left = std::chrono::ceil<Millis>(*due - clock_.now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

bool ExecSession::read_some(Stream stream) {
  std::array<char, ExecOutput::kMaxBytes> buffer{};
  const int fd = stream == Stream::out ? process_.stdout_fd() : process_.stderr_fd();
  const auto size = read(fd, buffer.data(), buffer.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (size <= 0) {
    open_[index_of(stream)] = false;
    return false;
  }
  emit(output_.add(stream, {buffer.data(), static_cast<std::size_t>(size)}, clock_.now()));
  return true;
}

void ExecSession::read_rest(Stream stream) {
  while (open_[index_of(stream)] && read_some(stream)) {
    if (const auto due = output_.due(); due && *due <= clock_.now()) emit(output_.take());
  }
}

void ExecSession::emit(std::optional<std::string> chunk) {
  if (!chunk || emit_error_)
    return;  // After an error the output is only drained, so that the command can end.
  if (auto emitted = context_.emit(std::move(*chunk)); !emitted) {
    emit_error_ = emitted.error();
    terminate();
  }
}

void ExecSession::terminate() {
  if (terminating_) return;
  terminating_ = true;
  process_.terminate();
}

Outcome ExecSession::outcome() const {
  const bool succeeded = status_ && status_->kind == ExecStatus::Kind::exited && status_->value == 0;
  if (emit_error_ || (terminating_ && !succeeded)) {
    return context_.stop_reason() == StopReason::none ? Outcome::failed(*emit_error_) : Outcome::stopped();
  }
  if (!status_) return Outcome::failed({Errc::handler_failed, "The supervisor of the command was killed."});
  if (succeeded) return Outcome::completed(json::Object().add("exitCode", 0).str());
  const bool started = status_->kind != ExecStatus::Kind::not_started;
  return Outcome::failed({started ? Errc::handler_failed : Errc::unavailable, describe(*status_)});
}

}  // namespace hawser::worker
