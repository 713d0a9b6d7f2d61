#include "socketio/ack_table.h"

#include <utility>

namespace hawser::socketio {

Result<std::uint64_t> AckTable::add(AckHandler handler, TimePoint now) {
  if (waiting_.size() >= capacity_) return fail(Errc::overloaded, "Too many acks are waited for.");
  waiting_.emplace(next_id_, Waiting{std::move(handler), now + timeout_});
  return next_id_++;
}

bool AckTable::answer(std::uint64_t id, AckAnswer answer) {
  auto found = waiting_.extract(id);
  if (found.empty()) return false;
  found.mapped().handler(std::move(answer));
  return true;
}

void AckTable::expire(TimePoint now) {
  while (!waiting_.empty() && waiting_.begin()->second.deadline <= now) {
    auto late = waiting_.extract(waiting_.begin());
    late.mapped().handler(fail(Errc::timeout, "The peer did not answer in time."));
  }
}

std::optional<TimePoint> AckTable::next_deadline() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->second.deadline;
}

}  // namespace hawser::socketio
