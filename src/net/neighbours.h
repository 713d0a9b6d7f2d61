#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "net/population.h"

namespace hawser::net {

/// The connections of each remote address, as long as it has some. Of IPv6 the first 64 bits count: the rest
/// is the client's to choose. Any thread.
class Neighbours {
 public:
  std::shared_ptr<Population> of(const boost::asio::ip::address& address);
  /// Addresses that are remembered, a few that are gone included.
  std::size_t size() const;

 private:
  void forget_the_gone();

  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<Population>> by_address_;
  std::size_t sweep_at_ = 1024;  ///< size at which those that are gone are looked for
};

}  // namespace hawser::net
