#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/gauge.h"
#include "base/lifetime.h"
#include "base/token_bucket.h"
#include "session/auth.h"
#include "session/commands.h"
#include "session/core.h"
#include "session/delivery.h"
#include "session/expiry.h"
#include "session/outlet.h"
#include "session/read_queue.h"

namespace hawser::session {

/// What a client asks of its session.
struct ClientEvents {
  /// The CONNECT can be answered; the client's events follow behind the answer. `position` is where its
  /// stream begins when it was not recovered.
  std::function<void(bool recovered, std::uint64_t position)> on_ready;
  /// The token has expired: disconnect so that the client does not return by itself.
  std::function<void()> on_expired;
};

/// How a client comes.
struct Arrival {
  Identity identity;
  bool recoverable = true;             ///< its events carry offsets
  bool returns = false;                ///< it says that it was here before
  std::optional<StreamOffset> offset;  ///< where its stream ended then, if that could be read
};

/// One authenticated user in the default namespace of one connection: runs its commands, each on jobs of
/// the user only, and delivers the user's events. Gone with the namespace; a command that is under way then
/// is still carried out, its answer is dropped.
class Client {
 public:
  Client(const Parts& parts, Gauges& gauges, Outlet& outlet, Arrival arrival, ClientEvents events);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void on_event(const socketio::Packet& packet);
  void on_writable() { delivery_.pump(); }

 private:
  void on_started(bool recovered);
  Status admit();
  void subscribe(const JobId& job);
  void unsubscribe(const JobId& job);
  void warn_of_expiry();

  void run(StartJob command, const Ack& ack);
  void run(const SubscribeJob& command, const Ack& ack);
  void run(const UnsubscribeJob& command, const Ack& ack);
  void run(CancelJob command, const Ack& ack);
  void run(const ResumeJob& command, const Ack& ack);
  void run(const ReconnectSync& command, const Ack& ack);
  void run(const RefreshAuth& command, const Ack& ack);

  /// Answers with `event {jobId}` and an ack if the job is the user's, else with `not_found`.
  void answer_if_owned(const JobId& job, std::string_view event, const Ack& ack);
  /// A completion that answers with `body(reply)` or the error.
  template <class Body>
  job::JobService::Done<job::Reply> reply(const Ack& ack, std::string job_id, Body body);

  const Parts& parts_;
  Gauges& gauges_;
  Outlet& outlet_;
  const std::string user_;
  const bool recoverable_;
  const bool returns_;
  ClientEvents events_;
  std::set<JobId> subscriptions_;
  TokenBucket rate_;
  GaugeShare present_, subscribed_;
  GaugeShare pending_;  ///< commands that wait for the store
  ReadQueue reads_;
  Expiry expiry_;
  std::optional<WallMillis> first_expiry_;
  Delivery delivery_;
  Lifetime lifetime_;
};

}  // namespace hawser::session
