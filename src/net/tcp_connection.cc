#include "net/tcp_connection.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace hawser::net {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

/// How long a peer may take to close after we have said our last.
constexpr auto kFinishTimeout = 2s;
/// Entries of one gathered write: 32 frames of header and body.
constexpr std::size_t kMaxGather = 64;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

TcpConnection::TcpConnection(Core& core, Socket socket)
    : core_(core),
      socket_(std::move(socket)),
      deadline_(core.loop(), [this] { is_open() ? on_deadline() : drop("transport close"); }),
      stall_(core.loop(), [this] { drop("transport error"); }) {}

void TcpConnection::start() {
  core_.add(shared_from_this());
  wait_readable();
}

void TcpConnection::wait_readable() {
  if (phase_ == Phase::gone || reading_paused_ || input_ended_ || std::exchange(reading_, true)) return;
  socket_.stream.async_wait(asio::socket_base::wait_read,
                            [weak = weak_from_this()](const boost::system::error_code& error) {
                              if (const auto self = weak.lock()) self->on_readable(error);
                            });
}

void TcpConnection::on_readable(const boost::system::error_code& error) {
  reading_ = false;
  if (phase_ == Phase::gone) return;
  if (error) {
    drop("transport error");
    return;
  }
  const auto buffer = core_.read_buffer();
  // MSG_DONTWAIT: it never blocks, which the analyzer does not see.
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
  const auto count = ::recv(socket_.stream.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    if (is_open()) on_bytes(buffer.first(static_cast<std::size_t>(count)));
  } else if (count == 0) {
    end_of_input();
    return;
  } else if (!would_block(errno) && errno != EINTR) {
    drop("transport error");
    return;
  }
  wait_readable();
}

void TcpConnection::end_of_input() {
  input_ended_ = true;
  if (is_open()) {
    on_end_of_input();
  } else if (phase_ == Phase::finished) {
    drop("transport close");
  }  // While finishing, the peer still gets the rest: it may have closed only its own half.
}

void TcpConnection::resume_reading() {
  reading_paused_ = false;
  wait_readable();
}

void TcpConnection::write(std::string_view header, SharedBytes body) {
  if (phase_ == Phase::gone || failed_) return;
  queue_.push(header, std::move(body));
  mark_dirty();
}

void TcpConnection::mark_dirty() {
  if (blocked_ || std::exchange(dirty_, true)) return;
  core_.mark_dirty(shared_from_this());
}

void TcpConnection::flush() {
  dirty_ = false;
  if (phase_ == Phase::gone) return;
  write_now();
  if (failed_) return;
  shut_down_when_written();
  on_written();
}

void TcpConnection::write_now() {
  if (blocked_ || failed_ || phase_ == Phase::gone) return;
  while (!queue_.empty()) {
    std::array<iovec, kMaxGather> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = queue_.gather(parts);
    const auto count = ::sendmsg(socket_.stream.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      queue_.consume(static_cast<std::size_t>(count));
    } else if (would_block(errno)) {
      wait_writable();
      return;
    } else if (errno != EINTR) {
      failed_ = true;  // The caller may be in the middle of something: end in a turn of its own.
      core_.loop().post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->drop("transport error");
      });
      return;
    }
  }
  stall_.clear();
}

void TcpConnection::wait_writable() {
  blocked_ = true;
  stall_.set(core_.loop().now() + core_.context().config.write_stall_timeout);
  socket_.stream.async_wait(asio::socket_base::wait_write,
                            [weak = weak_from_this()](const boost::system::error_code& error) {
                              if (const auto self = weak.lock()) self->on_writable(error);
                            });
}

void TcpConnection::on_writable(const boost::system::error_code& error) {
  if (phase_ == Phase::gone) return;
  if (error) {
    drop("transport error");
    return;
  }
  blocked_ = false;
  flush();
}

void TcpConnection::finish() {
  if (!is_open()) return;
  phase_ = Phase::finishing;
  deadline_.clear();
  resume_reading();
  shut_down_when_written();
}

void TcpConnection::shut_down_when_written() {
  if (phase_ != Phase::finishing || !queue_.empty()) return;
  phase_ = Phase::finished;
  boost::system::error_code ignored;
  socket_.stream.shutdown(asio::socket_base::shutdown_send, ignored);
  const auto now = core_.loop().now();
  deadline_.set(input_ended_ ? now : now + kFinishTimeout);
}

void TcpConnection::drop(std::string_view reason) {
  if (phase_ == Phase::gone) return;
  const auto self = shared_from_this();
  phase_ = Phase::gone;
  deadline_.clear();
  stall_.clear();
  boost::system::error_code ignored;
  socket_.stream.close(ignored);
  core_.remove(self);
  on_dropped(reason);
}

Socket TcpConnection::release() {
  phase_ = Phase::gone;
  deadline_.clear();
  core_.remove(shared_from_this());
  return std::move(socket_);
}

void TcpConnection::set_deadline(std::optional<TimePoint> when) {
  if (is_open()) deadline_.set(when);
}

}  // namespace hawser::net
