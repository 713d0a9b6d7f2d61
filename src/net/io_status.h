#pragma once

#include <cstddef>
#include <cstdint>

namespace hawser::net {

/// How far reading or writing came without waiting.
enum class IoStatus : std::uint8_t {
  done,         ///< writing: all of it; reading: what there was
  blocked,      ///< goes on when the kernel is ready for this direction
  handshaking,  ///< writing: goes on when the peer has sent more of its handshake
  ended,        ///< reading: the peer sends no more
  failed
};

struct Received {
  IoStatus status = IoStatus::done;
  std::size_t bytes = 0;  ///< zero with `done`: nothing for the reader yet, but there is more to look at
};

}  // namespace hawser::net
