#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/message.h"
#include "base/time.h"
#include "fanout/rooms.h"

namespace hawser::fanout {

/// A socket without a connection.
struct ParkedSocket {
  std::string id;
  std::vector<std::string> rooms;
};

/// A socket that is back, and the events it missed, oldest first.
struct RecoveredSocket {
  ParkedSocket socket;
  std::vector<EncodedPacket> missed;
};

struct RecoveryBounds {
  Duration window = limits::kRecoveryWindow;
  std::size_t sockets = limits::kRecoverySockets;
  std::size_t events = limits::kRecoveryEvents;
  std::size_t bytes = limits::kRecoveryBytes;
};

/// Connection state recovery in memory, for one namespace: the sockets whose connection broke, by the
/// secret `pid` they show when they come back, and the events that they may have missed, each with its
/// offset. Only what lies within the bounds is recovered, the oldest goes first. No I/O, no clock, no lock.
class Recovery {
 public:
  explicit Recovery(const RecoveryBounds& bounds = {}) : bounds_(bounds) {}

  void record(std::string offset, Audience audience, const EncodedPacket& packet, TimePoint now);
  void park(std::string pid, ParkedSocket socket, TimePoint now);
  /// `offset` is that of the last event the client has. Nothing when the socket or the event is not known
  /// (any more); then the client starts anew. A socket comes back once.
  std::optional<RecoveredSocket> recover(const std::string& pid, std::string_view offset, TimePoint now);

  std::size_t events() const { return events_.size(); }
  std::size_t sockets() const { return sockets_.size(); }

 private:
  struct Event {
    std::string offset;
    Audience audience;
    EncodedPacket packet;
    TimePoint at;
    std::size_t bytes = 0;
  };
  struct Parked {
    ParkedSocket socket;
    TimePoint at;
  };

  void trim(TimePoint now);

  RecoveryBounds bounds_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Parked> sockets_;
  std::deque<std::pair<TimePoint, std::string>> parked_;  ///< in order of time; some are back already
};

}  // namespace hawser::fanout
