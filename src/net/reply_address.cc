#include "net/reply_address.h"

#include <utility>

namespace hawser::net {
namespace {

void deliver(const std::weak_ptr<TcpConnection>& target, ExchangeId id, HttpReply reply) {
  if (const auto connection = std::static_pointer_cast<HttpConnection>(target.lock())) {
    connection->respond(id, std::move(reply));
  }
}

}  // namespace

ReplyAddress::ReplyAddress(HttpConnection& connection, ExchangeId id)
    : home_(connection.core().weak_from_this()), connection_(connection.weak_from_this()), id_(id) {}

void ReplyAddress::send(HttpReply reply) const {
  const auto home = home_.lock();
  if (!home) return;
  if (home->loop().is_current()) {
    deliver(connection_, id_, std::move(reply));
    return;
  }
  home->post([connection = connection_, id = id_, reply = std::move(reply)](Core&) mutable {
    deliver(connection, id, std::move(reply));
  });
}

}  // namespace hawser::net
