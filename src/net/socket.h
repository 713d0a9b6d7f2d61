#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <span>
#include <string>

#include "net/io_status.h"
#include "net/population.h"
#include "net/tls_session.h"
#include "net/write_queue.h"

namespace hawser::net {

/// An accepted TCP connection, plain or with TLS, with what belongs to it wherever it is handled. No call
/// waits.
struct Socket {
  boost::asio::ip::tcp::socket stream;
  Population::Member place;      ///< among the connections of the process
  Population::Member neighbour;  ///< among those of its remote address, where that is bounded
  std::string remote_address;
  std::unique_ptr<TlsSession> tls{};  ///< null: plain

  bool is_handshaking() const { return tls && !tls->is_established(); }
  Received receive(std::span<char> out);
  /// Bytes have arrived that `stream` will not announce again: `receive` without waiting.
  bool has_input() const { return tls && tls->has_input(); }
  /// Takes bytes from `queue` and hands them to the kernel, gathered in as few calls as it allows.
  IoStatus send(WriteQueue& queue);
  /// Bytes that have left the queue and that the kernel has not taken.
  std::size_t unsent() const { return tls ? tls->unsent() : 0; }
  /// Tells the peer that no more comes. To be repeated while `blocked`.
  IoStatus end_output();
  void close();
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
  Population::Member neighbour_;
  std::string remote_address_;
  std::unique_ptr<TlsSession> tls_;  ///< knows the connection by its descriptor, which stays the same
};

}  // namespace hawser::net
