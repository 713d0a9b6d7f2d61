#include "fanout/recovery.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hawser::fanout {

void Recovery::record(std::string offset, Audience audience, const EncodedPacket& packet, TimePoint now) {
  auto bytes = packet.text->size();
  for (const auto& attachment : packet.attachments) bytes += attachment->size();
  events_.push_back({std::move(offset), std::move(audience), packet, now, bytes});
  bytes_ += bytes;
  trim(now);
}

void Recovery::park(std::string pid, ParkedSocket socket, TimePoint now) {
  parked_.emplace_back(now, pid);
  sockets_.insert_or_assign(std::move(pid), Parked{std::move(socket), now});
  trim(now);
}

void Recovery::trim(TimePoint now) {
  const auto horizon = now - bounds_.window;
  while (!events_.empty() &&
         (events_.front().at < horizon || events_.size() > bounds_.events || bytes_ > bounds_.bytes)) {
    bytes_ -= events_.front().bytes;
    events_.pop_front();
  }
  while (!parked_.empty() && (parked_.front().first < horizon || parked_.size() > bounds_.sockets)) {
    const auto found = sockets_.find(parked_.front().second);
    if (found != sockets_.end() && found->second.at == parked_.front().first) sockets_.erase(found);
    parked_.pop_front();
  }
}

std::optional<RecoveredSocket> Recovery::recover(const std::string& pid, std::string_view offset,
                                                 TimePoint now) {
  trim(now);
  const auto parked = sockets_.find(pid);
  if (parked == sockets_.end()) return std::nullopt;
  // Most come back soon, so their last event is among the newest.
  const auto last = std::ranges::find(events_.rbegin(), events_.rend(), offset, &Event::offset);
  if (last == events_.rend()) return std::nullopt;
  RecoveredSocket back{std::move(parked->second.socket), {}};
  sockets_.erase(parked);
  for (auto event = last.base(); event != events_.end(); ++event) {
    if (event->audience.includes(back.socket.rooms)) back.missed.push_back(event->packet);
  }
  return back;
}

}  // namespace hawser::fanout
