#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "base/channel.h"
#include "base/limits.h"
#include "base/loop.h"
#include "fanout/hub.h"
#include "job/job_service.h"
#include "session/auth.h"
#include "session/gauges.h"
#include "session/lease_seal.h"
#include "session/recovery.h"

namespace hawser::session {

class Session;

/// What a session works with; all on its core.
struct Parts {
  Loop& loop;
  job::JobService& jobs;
  fanout::Hub& hub;
  const Authenticator& authenticator;
  Random& random;
  const Recovery& recovery;
  job::Commands& commands;  ///< where those of workers go
  const LeaseSeal& leases;
  Duration lease = limits::kDefaultLease;         ///< of a worker in another process
  std::size_t max_payload = limits::kMaxPayload;  ///< of one message of a client
  Duration connect_timeout = limits::kConnectTimeout;
  /// Calls Core::close_older on all other cores.
  std::function<void(const std::string& sid, TimePoint connected_at)> close_older_elsewhere{};
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
  /// Ends the connection that held this sid before its client came back at `connected_at`, if it is here.
  void close_older(const std::string& sid, TimePoint connected_at);
  /// What the store has committed, for workers; `Parts::hub` passes it on.
  void on_commit(const job::CommitGroup& group);
  std::size_t sessions() const { return sessions_.size(); }
  const Gauges& gauges() const { return gauges_; }

 private:
  friend class Session;  // enters and leaves

  void enter(const std::string& sid, Session& session);
  void leave(const std::string& sid, const Session& session);

  Gauges gauges_;
  Parts parts_;
  std::set<Session*> sessions_;
  std::set<Session*> with_workers_;                      ///< those in the namespace of workers
  std::unordered_map<std::string, Session*> connected_;  ///< by the sid in the default namespace
};

}  // namespace hawser::session
