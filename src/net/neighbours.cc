#include "net/neighbours.h"

#include <algorithm>

namespace hawser::net {
namespace {

constexpr std::size_t kSmallestSweep = 1024;
constexpr std::size_t kNetworkBytes = 8;

std::string key_of(const boost::asio::ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.begin() + kNetworkBytes};
}

}  // namespace

std::shared_ptr<Population> Neighbours::of(const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  auto& known = by_address_[key_of(address)];
  auto population = known.lock();
  if (!population) known = population = std::make_shared<Population>();
  if (by_address_.size() >= sweep_at_) forget_the_gone();
  return population;
}

std::size_t Neighbours::size() const {
  const std::lock_guard lock(mutex_);
  return by_address_.size();
}

void Neighbours::forget_the_gone() {
  std::erase_if(by_address_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max(kSmallestSweep, 2 * by_address_.size());
}

}  // namespace hawser::net
