#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/gauge.h"
#include "base/lifetime.h"
#include "session/auth.h"
#include "session/core.h"
#include "session/expiry.h"
#include "session/outlet.h"
#include "session/worker_commands.h"
#include "session/worker_leases.h"

namespace hawser::session {

/// The namespace of workers.
inline constexpr std::string_view kWorkers = "/workers";

/// One worker of another process in the namespace /workers of one connection (docs/worker-protocol.md):
/// brings its commands to the store and tells it what it should know. Gone with the namespace: what was
/// claimed here and has not begun is given back then, everything else lives as long as its lease.
class RemoteWorker {
 public:
  /// Says `welcome`. `on_expired`: its token is over; disconnect it for good.
  RemoteWorker(const Parts& parts, Gauges& gauges, Outlet& outlet, WorkerIdentity identity,
               std::function<void()> on_expired);
  ~RemoteWorker();
  RemoteWorker(const RemoteWorker&) = delete;
  RemoteWorker& operator=(const RemoteWorker&) = delete;

  void on_event(const socketio::Packet& packet);
  void on_commit(const job::CommitGroup& group);

 private:
  using Lease = WorkerLeases::Lease;
  struct Claiming;
  struct Renewing;

  void run(const ClaimJobs& command, const Ack& ack);
  void run(const BeginRun& command, const Ack& ack);
  void run(AppendEvents command, const Ack& ack);
  void run(const RenewLeases& command, const Ack& ack);
  void run(FinishRun command, const Ack& ack);
  void run(const ReleaseJob& command, const Ack& ack);
  void run(const RefreshAuth& command, const Ack& ack);

  Result<Lease> lease_of(const Held& held) const;
  Result<std::vector<std::string>> claimable(const ClaimJobs& command) const;
  void claim_one(const job::Claim& claim, std::shared_ptr<Claiming> claiming);
  void on_claimed(Claiming& claiming, Result<job::Reply> reply);
  void answer(Claiming& claiming);
  void on_renewed(Renewing& renewing, const Lease& lease, const Result<job::Reply>& reply);
  template <class Then>
  void submit(job::Command command, const Lease& lease, const Ack& ack, Then then);
  void hint();
  void warn_of_expiry();

  const Parts& parts_;
  Outlet& outlet_;
  WorkerIdentity identity_;
  WorkerLeases leases_;
  std::uint64_t hints_ = 0;  ///< reasons to claim that were announced
  bool hungry_ = false;      ///< its last claim found less than it wanted
  GaugeShare present_, holding_;
  GaugeShare pending_;  ///< commands that wait for the store
  Expiry expiry_;
  Lifetime lifetime_;
};

}  // namespace hawser::session
