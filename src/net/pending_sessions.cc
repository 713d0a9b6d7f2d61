#include "net/pending_sessions.h"

#include "net/engine_session.h"

namespace hawser::net {

bool PendingSessions::make_room(TimePoint now) {
  if (entries_.size() < limit_) return true;
  if (entries_.empty() || now - entries_.front().since < grace_) return false;
  entries_.front().session->give_way();
  return true;
}

PendingSessions::Place PendingSessions::enter(EngineSession& session, TimePoint now) {
  gauge_.add(1);
  return entries_.insert(entries_.end(), {&session, now});
}

void PendingSessions::leave(Place place) {
  gauge_.add(-1);
  entries_.erase(place);
}

}  // namespace hawser::net
