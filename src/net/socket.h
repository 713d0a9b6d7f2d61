#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "net/population.h"

namespace hawser::net {

/// An accepted TCP connection with what belongs to it wherever it is handled.
struct Socket {
  boost::asio::ip::tcp::socket stream;
  Population::Member place;  ///< among the connections of the process
  std::string remote_address;
};

/// A socket on its way to another loop, off every epoll set. Closes it when it never arrives.
class DetachedSocket {
 public:
  explicit DetachedSocket(Socket socket);
  ~DetachedSocket();
  DetachedSocket(DetachedSocket&& other) noexcept;
  DetachedSocket& operator=(DetachedSocket&&) = delete;

  /// Once, on the thread of `context`.
  Socket attach(boost::asio::io_context& context);

 private:
  boost::asio::ip::tcp protocol_ = boost::asio::ip::tcp::v4();
  int descriptor_ = -1;
  Population::Member place_;
  std::string remote_address_;
};

}  // namespace hawser::net
