#include "net/socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace hawser::net {
namespace {

/// Entries of one gathered write: 32 frames of header and body.
constexpr std::size_t kMaxGather = 64;

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

Received receive_plain(int descriptor, std::span<char> out) {
  // MSG_DONTWAIT: it never blocks, which the analyzer does not see.
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
  const auto count = ::recv(descriptor, out.data(), out.size(), MSG_DONTWAIT);
  if (count > 0) return {IoStatus::done, static_cast<std::size_t>(count)};
  if (count == 0) return {IoStatus::ended};
  return {would_block(errno) || errno == EINTR ? IoStatus::blocked : IoStatus::failed};
}

IoStatus send_plain(int descriptor, WriteQueue& queue) {
  while (!queue.empty()) {
    std::array<iovec, kMaxGather> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = queue.gather(parts);
    const auto count = ::sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      queue.consume(static_cast<std::size_t>(count));
    } else if (would_block(errno)) {
      return IoStatus::blocked;
    } else if (errno != EINTR) {
      return IoStatus::failed;
    }
  }
  return IoStatus::done;
}

}  // namespace

Received Socket::receive(std::span<char> out) {
  return tls ? tls->receive(out) : receive_plain(stream.native_handle(), out);
}

IoStatus Socket::send(WriteQueue& queue) {
  return tls ? tls->send(queue) : send_plain(stream.native_handle(), queue);
}

IoStatus Socket::end_output() {
  if (tls && tls->end_output() == IoStatus::blocked) return IoStatus::blocked;
  boost::system::error_code ignored;
  stream.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  return IoStatus::done;
}

void Socket::close() {
  if (tls) tls->end_output();
  boost::system::error_code ignored;
  stream.close(ignored);
}

DetachedSocket::DetachedSocket(Socket socket)
    : place_(std::move(socket.place)),
      neighbour_(std::move(socket.neighbour)),
      remote_address_(std::move(socket.remote_address)),
      tls_(std::move(socket.tls)) {
  boost::system::error_code error;
  const auto local = socket.stream.local_endpoint(error);
  if (!error) protocol_ = local.protocol();
  descriptor_ = socket.stream.release(error);
  if (error) descriptor_ = -1;
}

DetachedSocket::~DetachedSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

DetachedSocket::DetachedSocket(DetachedSocket&& other) noexcept
    : protocol_(other.protocol_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      place_(std::move(other.place_)),
      neighbour_(std::move(other.neighbour_)),
      remote_address_(std::move(other.remote_address_)),
      tls_(std::move(other.tls_)) {}

Socket DetachedSocket::attach(boost::asio::io_context& context) {
  boost::asio::ip::tcp::socket stream(context);
  boost::system::error_code error;
  stream.assign(protocol_, descriptor_, error);
  if (!error) {
    descriptor_ = -1;
    stream.non_blocking(true, error);
  } else {
    tls_.reset();  // It would write to a descriptor that is not ours any more.
  }
  return {std::move(stream), std::move(place_), std::move(neighbour_), std::move(remote_address_),
          std::move(tls_)};
}

}  // namespace hawser::net
