#pragma once

#include <poll.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "test/fuzz/connection/peer.h"
#include "test/fuzz/connection/server.h"

namespace hawser::fuzz {

/// The TCP connections of all clients of a server.
class Network {
 public:
  static constexpr std::size_t kMaxPeers = 12;
  /// A server that may not send more than this at once waits for its client to read.
  static constexpr std::size_t kSmallestBuffer = 2048;

  Network(Server& server, PeerEvents& events) : server_(server), events_(events) {}

  const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }

  Peer& connect(std::size_t choice) {
    const bool small_buffers = choice % 8 >= 6;
    peers_.push_back(
        std::make_unique<Peer>(server_.connect(choice % Server::kCores, small_buffers), events_));
    return *peers_.back();
  }
  /// One that a request can be sent on: a new one, or one in use.
  Peer& http_peer(std::size_t choice) {
    std::vector<Peer*> usable;
    for (const auto& peer : peers_) {
      if (is_usable(*peer)) usable.push_back(peer.get());
    }
    const bool is_new = usable.empty() || (choice % 8 == 0 && peers_.size() < kMaxPeers);
    return is_new ? connect(choice / 8) : *usable[choice % usable.size()];
  }
  /// One on which nothing waits.
  Peer& idle_peer() {
    const auto idle = std::find_if(peers_.begin(), peers_.end(), [](const auto& peer) {
      return is_usable(*peer) && peer->waiting().empty();
    });
    return idle != peers_.end() ? **idle : connect(0);
  }
  /// Null when there is none.
  Peer* any_peer(std::size_t choice) {
    return peers_.empty() ? nullptr : peers_[choice % peers_.size()].get();
  }
  /// Null when there is none.
  Peer* open_websocket(std::size_t choice) {
    std::vector<Peer*> open;
    for (const auto& peer : peers_) {
      if (peer->is_open() && peer->is_websocket()) open.push_back(peer.get());
    }
    return open.empty() ? nullptr : open[choice % open.size()];
  }
  /// Whether a poll of this session waits for its answer.
  bool polls(std::size_t session) const {
    return std::any_of(peers_.begin(), peers_.end(), [session](const auto& peer) {
      return peer->is_open() && asks(*peer, [session](const Question& question) {
               return question.kind == Question::Kind::poll && question.session == session;
             });
    });
  }

  /// Reads everything that is there; returns how much it was.
  std::size_t read_all() {
    std::size_t size = 0;
    while (read_some(size)) continue;
    return size;
  }

 private:
  template <class Predicate>
  static bool asks(const Peer& peer, Predicate predicate) {
    return std::any_of(peer.waiting().begin(), peer.waiting().end(), predicate);
  }
  static bool is_usable(const Peer& peer) {
    const bool upgrades =
        asks(peer, [](const Question& question) { return question.kind == Question::Kind::upgrade; });
    return peer.is_open() && !peer.is_websocket() && !peer.is_strange() && peer.rest.empty() && !upgrades;
  }
  /// Asks for all connections at once, to save system calls.
  bool read_some(std::size_t& size) {
    polled_.clear();
    for (const auto& peer : peers_) {
      if (peer->wants_to_read()) polled_.push_back({peer->descriptor(), POLLIN, 0});
    }
    if (::poll(polled_.data(), polled_.size(), 0) <= 0) return false;
    std::size_t at = 0;
    for (std::size_t i = 0; at < polled_.size(); ++i) {
      if (peers_[i]->descriptor() != polled_[at].fd) continue;
      if (polled_[at++].revents != 0) size += peers_[i]->read();
    }
    return true;
  }

  Server& server_;
  PeerEvents& events_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<pollfd> polled_;  ///< kept for its memory
};

}  // namespace hawser::fuzz
