#include "fanout/rooms.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"

namespace hawser::fanout {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool Audience::includes(const std::vector<std::string>& joined) const {
  const auto is_in = [](const std::vector<std::string>& names) {
    return [&names](const std::string& room) { return contains(names, room); };
  };
  return (rooms.empty() || std::ranges::any_of(joined, is_in(rooms))) &&
         std::ranges::none_of(joined, is_in(except));
}

void Rooms::add(Member& member) {
  members_.try_emplace(&member);
  put(member, member.id());
}

void Rooms::remove(Member& member) {
  const auto found = members_.extract(&member);
  if (found.empty()) return;
  for (const auto& room : found.mapped()) take_out(member, room);
}

Status Rooms::join(Member& member, std::string_view room) {
  if (room.size() > limits::kMaxRoomName) {
    return fail(Errc::bad_request, fmt::format("Room names have at most {} bytes.", limits::kMaxRoomName));
  }
  const std::string name(room);
  const auto& joined = members_.at(&member);
  if (contains(joined, name)) return {};
  if (joined.size() >= limits::kMaxRoomsPerSocket) {
    return fail(Errc::bad_request,
                fmt::format("A socket is in at most {} rooms.", limits::kMaxRoomsPerSocket));
  }
  put(member, name);
  return {};
}

void Rooms::leave(Member& member, std::string_view room) {
  const std::string name(room);
  if (std::erase(members_.at(&member), name) > 0) take_out(member, name);
}

void Rooms::put(Member& member, const std::string& room) {
  members_.at(&member).push_back(room);
  rooms_[room].insert(&member);
}

void Rooms::take_out(Member& member, const std::string& room) {
  const auto found = rooms_.find(room);
  found->second.erase(&member);
  if (found->second.empty()) rooms_.erase(found);
}

std::vector<Member*> Rooms::select(const Audience& audience) const {
  std::vector<Member*> selected;
  const auto take = [&](Member* member) {
    if (audience.except.empty() || audience.includes(members_.at(member))) selected.push_back(member);
  };
  if (audience.rooms.empty()) {
    for (const auto& [member, joined] : members_) take(member);
    return selected;
  }
  Members seen;  // Only needed where a socket may be met twice.
  for (const auto& room : audience.rooms) {
    const auto found = rooms_.find(room);
    if (found == rooms_.end()) continue;
    for (auto* member : found->second) {
      if (audience.rooms.size() == 1 || seen.insert(member).second) take(member);
    }
  }
  return selected;
}

}  // namespace hawser::fanout
