#include "net/tcp_connection.h"

#include <utility>

namespace hawser::net {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

/// How long a peer may take to close after we have said our last.
constexpr auto kFinishTimeout = 2s;

}  // namespace

TcpConnection::TcpConnection(Core& core, Socket socket)
    : core_(core),
      socket_(std::move(socket)),
      queued_(core.gauges().send_bytes),
      deadline_(core.loop(), [this] { is_open() ? on_deadline() : drop("transport close"); }),
      stall_(core.loop(), [this] { drop("transport error"); }) {}

void TcpConnection::start() {
  core_.add(shared_from_this());
  wait_readable();
}

void TcpConnection::wait_readable() {
  if (phase_ == Phase::gone || reading_paused_ || input_ended_ || std::exchange(reading_, true)) return;
  if (socket_.has_input()) {
    core_.loop().post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_readable({});
    });
    return;
  }
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
  read();
}

void TcpConnection::read_now() {
  if (is_open() && reading_) read();
}

void TcpConnection::read() {
  const auto buffer = core_.read_buffer();
  const auto received = socket_.receive(buffer);
  // A handshake goes on by answering, and what waited for its end can go now.
  if (socket_.tls && queued_bytes() > 0) mark_dirty();
  if (received.bytes > 0 && is_open()) on_bytes(buffer.first(received.bytes));
  if (received.status == IoStatus::ended) {
    end_of_input();
  } else if (received.status == IoStatus::failed) {
    drop("transport error");
  } else {
    wait_readable();
  }
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
  queued_.set(queued_bytes());
  mark_dirty();
}

void TcpConnection::discard_unwritten() {
  queue_.discard_unstarted();
  queued_.set(queued_bytes());
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
  const auto status = socket_.send(queue_);
  queued_.set(queued_bytes());
  switch (status) {
    case IoStatus::done: stall_.clear(); break;
    case IoStatus::blocked: wait_writable(); break;
    case IoStatus::handshaking: break;
    case IoStatus::ended:
    case IoStatus::failed:
      failed_ = true;  // The caller may be in the middle of something: end in a turn of its own.
      core_.loop().post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->drop("transport error");
      });
  }
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
  if (socket_.is_handshaking()) deadline_.set(core_.loop().now() + core_.context().config.http_read_timeout);
  resume_reading();
  shut_down_when_written();
}

void TcpConnection::shut_down_when_written() {
  if (phase_ != Phase::finishing || !queue_.empty() || blocked_) return;
  if (socket_.end_output() == IoStatus::blocked) {
    wait_writable();
    return;
  }
  phase_ = Phase::finished;
  const auto now = core_.loop().now();
  deadline_.set(input_ended_ ? now : now + kFinishTimeout);
}

void TcpConnection::drop(std::string_view reason) {
  if (phase_ == Phase::gone) return;
  const auto self = shared_from_this();
  phase_ = Phase::gone;
  deadline_.clear();
  stall_.clear();
  socket_.close();
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
