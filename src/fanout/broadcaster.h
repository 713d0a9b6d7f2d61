#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/loop.h"
#include "base/message.h"
#include "fanout/rooms.h"

namespace hawser::fanout {

struct Broadcast {
  Audience audience;
  Payload payload;  ///< of an event, its name first
  bool is_volatile = false;
};

/// What is told of a socket to whoever asks for those of a namespace.
struct SocketInfo {
  std::string id;
  std::vector<std::string> rooms;  ///< its id among them
};

/// Reaches the sockets of one namespace wherever they live: on the cores of this process, later on other
/// servers too. `here` is the caller's loop.
class Broadcaster {
 public:
  using Found = std::move_only_function<void(std::vector<SocketInfo>)>;

  virtual ~Broadcaster() = default;
  /// Sockets on `here` have it when this returns, before anything that is sent to them later.
  /// Error: overloaded, a core is far behind; then nobody gets it.
  virtual Status broadcast(Loop& here, Broadcast message) = 0;
  /// Calls `found` on `here`, in a later turn, with all sockets of the audience.
  virtual void fetch(Loop& here, Audience audience, Found found) = 0;
};

}  // namespace hawser::fanout
