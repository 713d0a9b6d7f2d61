#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/core.h"
#include "net/deadline.h"
#include "net/socket.h"

namespace hawser::net {

/// Accepts the connections of one core. Made on the main thread, then lives on its loop, owned by its core.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Several listeners share a port and the kernel spreads connections over them (SO_REUSEPORT). The first
  /// one must find it free: else a second server of the same user would silently join.
  enum class Claim : std::uint8_t { first, joining };

  /// Binds and listens. Errors name the address and what to do.
  static Result<std::shared_ptr<Listener>> open(Core& core, const std::string& host, std::uint16_t port,
                                                Claim claim);
  Listener(Core& core, boost::asio::ip::tcp::acceptor acceptor);

  std::uint16_t port() const;
  /// Accepts until destroyed.
  void accept();

 private:
  void on_accepted(const boost::system::error_code& error, boost::asio::ip::tcp::socket socket);
  void take(boost::asio::ip::tcp::socket stream);
  std::optional<Refusal> admit(Socket& socket, const boost::asio::ip::address& remote);

  Core& core_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Deadline retry_;
  bool failing_ = false;  ///< told once a series of failures
};

}  // namespace hawser::net
