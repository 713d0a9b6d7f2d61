#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "session/stream_offset.h"

namespace hawser::session {

/// Connection state recovery as socket.io-client 4.6 and later speak it, over the durable log (DESIGN 4).
///
/// The `pid` of a connection is a signed text that carries all there is to know about it: its sid, where its
/// stream began, and when it may no longer return. So nothing is kept per socket, and a server that was
/// killed, or another one with the same key and store, recovers it. It is bound to the user and to the
/// incarnation of the store, and opens nothing without a valid token of that user. Immutable; any thread.
class Recovery {
 public:
  /// `key`: secret, and the same as long as the store is. `incarnation`: StoreStatus::incarnation.
  Recovery(std::string key, std::string incarnation);

  struct Start {
    std::string sid;             ///< 20 characters of URL-safe base64
    std::uint64_t position = 0;  ///< of the owner's stream, behind which the connection began
  };
  std::string make_pid(std::string_view user, const Start& start, WallMillis now) const;

  /// What a client that returns brings along. Views into its CONNECT packet.
  struct Claim {
    std::string pid;
    std::optional<std::string> offset;  ///< none: it has received no event before it was cut off
  };
  struct Restored {
    std::string sid;
    StreamOffset offset;
  };
  /// Nothing when the pid is not one of ours, of this user and still valid, or the offset is not of this
  /// store. Whether the log still goes on from there is for the store to say.
  std::optional<Restored> restore(std::string_view user, const Claim& claim, WallMillis now) const;

  std::string offset_text(const StreamOffset& offset) const { return format_offset(incarnation_, offset); }

 private:
  std::string sign(std::string_view user, std::string_view body) const;

  std::string key_;
  std::string incarnation_;
};

}  // namespace hawser::session
