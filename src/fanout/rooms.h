#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/message.h"

namespace hawser::fanout {

/// Whom a broadcast is for: the sockets in any of `rooms` (all sockets when it is empty) and in none of
/// `except`, each once.
struct Audience {
  std::vector<std::string> rooms;
  std::vector<std::string> except;

  /// Whether a socket in `joined` belongs to it.
  bool includes(const std::vector<std::string>& joined) const;
};

/// A socket of a namespace, as rooms see it.
class Member {
 public:
  virtual ~Member() = default;
  virtual const std::string& id() const = 0;
  /// A volatile packet is dropped when it cannot leave at once.
  virtual void deliver(const EncodedPacket& packet, bool is_volatile) = 0;
};

/// The sockets of one namespace on one core and the rooms they are in; each is in the room of its id.
/// Members are the caller's, who removes them before they go. No I/O; lives on its core.
class Rooms {
 public:
  void add(Member& member);
  void remove(Member& member);
  /// Error: bad_request, when the name is too long or the member is in too many rooms.
  Status join(Member& member, std::string_view room);
  void leave(Member& member, std::string_view room);

  /// In the order of joining.
  const std::vector<std::string>& rooms_of(Member& member) const { return members_.at(&member); }
  std::vector<Member*> select(const Audience& audience) const;
  std::size_t size() const { return members_.size(); }
  std::size_t rooms() const { return rooms_.size(); }

 private:
  using Members = std::unordered_set<Member*>;

  void put(Member& member, const std::string& room);
  void take_out(Member& member, const std::string& room);

  std::unordered_map<Member*, std::vector<std::string>> members_;
  std::unordered_map<std::string, Members> rooms_;  ///< none is empty
};

}  // namespace hawser::fanout
