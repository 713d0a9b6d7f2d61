#pragma once

#include <memory>
#include <set>

#include "base/channel.h"
#include "base/limits.h"
#include "base/loop.h"
#include "fanout/hub.h"
#include "job/job_service.h"
#include "session/auth.h"

namespace hawser::session {

class Session;

/// What a session works with; all on its core.
struct Parts {
  Loop& loop;
  job::JobService& jobs;
  fanout::Hub& hub;
  const Authenticator& authenticator;
  Random& random;
  Duration connect_timeout = limits::kConnectTimeout;
};

/// The sessions of one core. Lives on its loop and outlives them.
///
/// As a net::ChannelHandlerFactory:
///   [&](Loop& loop, Channel& channel, const HandshakeInfo& info) {
///     return cores[loop.index()]->make_session(channel, info);
///   }
class Core {
 public:
  explicit Core(const Parts& parts);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  std::unique_ptr<ChannelHandler> make_session(Channel& channel, const HandshakeInfo& info);

  /// Tells every connected client `server:shutdown`; the caller closes the connections afterwards.
  void announce_shutdown();
  std::size_t sessions() const { return sessions_.size(); }

 private:
  friend class Session;  // enters and leaves the set

  Parts parts_;
  std::set<Session*> sessions_;
};

}  // namespace hawser::session
