#pragma once

#include <cstddef>
#include <list>

#include "base/gauge.h"
#include "base/time.h"

namespace hawser::net {

class EngineSession;

/// The sessions of one core whose peers have not proved yet who they are, the longest waiting first. They
/// are what anybody can open, so they are bounded more tightly than all sessions, and when there is no room
/// the first one has to go, if it has had time enough: whoever only waits cannot keep others out.
class PendingSessions {
 private:
  struct Entry {
    EngineSession* session;
    TimePoint since;
  };

 public:
  using Place = std::list<Entry>::iterator;

  PendingSessions(std::size_t limit, Duration grace, Gauge& gauge)
      : limit_(limit), grace_(grace), gauge_(gauge) {}

  /// False when there is none to be had.
  bool make_room(TimePoint now);
  Place enter(EngineSession& session, TimePoint now);
  void leave(Place place);

 private:
  std::size_t limit_;
  Duration grace_;
  Gauge& gauge_;
  std::list<Entry> entries_;
};

}  // namespace hawser::net
