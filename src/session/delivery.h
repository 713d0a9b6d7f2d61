#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/lifetime.h"
#include "fanout/follower.h"
#include "session/catch_up.h"
#include "session/core.h"
#include "session/outlet.h"
#include "session/read_queue.h"

namespace hawser::session {

/// What one socket is sent of its owner's jobs: the live stream and the rewinds, both pulled from cursors
/// only while the channel has room (law 3). Lives on its core.
class Delivery {
 public:
  /// `on_started` runs once when the cursor stands; from then on the caller may `pump`. When the stream
  /// cannot go on, the connection is closed so that the client comes back for the rest.
  Delivery(const Parts& parts, Outlet& outlet, ReadQueue& reads, std::string owner,
           std::function<void()> on_started);

  /// Sends what there is and what there is room for.
  void pump();
  /// reconnect:sync; answers by itself, after the events.
  void rewind(const JobId& job, std::uint64_t after, const Ack& ack);
  void stop_rewind(const JobId& job);

 private:
  bool pump_rewinds();
  bool pump_live();
  void read_if_needed();
  void on_page(const Result<job::JobPage>& page);
  void fail(const Error& error);

  void act(const job::EventPtr& event);
  void act(const CatchUp::Accepted& accepted);
  void act(const CatchUp::Rejected& rejected);
  void act(const CatchUp::Dropped& dropped);
  void act(const CatchUp::Completed& completed);

  const Parts& parts_;
  Outlet& outlet_;
  ReadQueue& reads_;
  std::string owner_;
  CatchUp catch_up_;
  std::unique_ptr<fanout::Follower> follower_;
  Lifetime lifetime_;
};

}  // namespace hawser::session
