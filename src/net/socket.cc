#include "net/socket.h"

#include <unistd.h>

#include <utility>

namespace hawser::net {

DetachedSocket::DetachedSocket(Socket socket)
    : place_(std::move(socket.place)), remote_address_(std::move(socket.remote_address)) {
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
      remote_address_(std::move(other.remote_address_)) {}

Socket DetachedSocket::attach(boost::asio::io_context& context) {
  boost::asio::ip::tcp::socket stream(context);
  boost::system::error_code error;
  stream.assign(protocol_, descriptor_, error);
  if (!error) {
    descriptor_ = -1;
    stream.non_blocking(true, error);
  }
  return {std::move(stream), std::move(place_), std::move(remote_address_)};
}

}  // namespace hawser::net
