#pragma once

#include <memory>

#include "net/http_connection.h"

namespace hawser::net {

/// Where the answer to a request goes: a connection of this core or of another. Any core.
class ReplyAddress {
 public:
  ReplyAddress(HttpConnection& connection, ExchangeId id);

  ExchangeId id() const { return id_; }
  void send(HttpReply reply) const;

 private:
  std::weak_ptr<Core> home_;
  std::weak_ptr<TcpConnection> connection_;  ///< locked on its own core only
  ExchangeId id_;
};

}  // namespace hawser::net
