#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/gauge.h"
#include "base/lifetime.h"
#include "fanout/follower.h"
#include "session/catch_up.h"
#include "session/core.h"
#include "session/outlet.h"
#include "session/read_queue.h"
#include "session/stream_offset.h"

namespace hawser::session {

/// What one socket is sent of its owner's jobs: the live stream and the rewinds, both pulled from cursors
/// only while the channel has room (law 3). Lives on its core.
class Delivery {
 public:
  struct Options {
    std::string owner;
    /// Where the stream of an earlier connection ended; without it this one begins at the durable head.
    std::optional<StreamOffset> from;
    bool with_offsets = true;  ///< events carry the offset, so that the next connection can go on
  };

  /// `on_started` runs once when the cursor stands, and says whether that is where `from` asked for; the
  /// events follow behind it. When the stream cannot go on, the connection is closed so that the client
  /// comes back for the rest. `catch_ups` counts the rewinds.
  Delivery(const Parts& parts, Gauge& catch_ups, Outlet& outlet, ReadQueue& reads, Options options,
           std::function<void(bool recovered)> on_started);

  /// Sends what there is and what there is room for.
  void pump();
  /// reconnect:sync; answers by itself, after the events.
  void rewind(const JobId& job, std::uint64_t after, const Ack& ack);
  void stop_rewind(const JobId& job);
  /// What the client has been sent.
  StreamOffset offset() const { return {follower_->cursor(), catch_up_.cursors()}; }

 private:
  void take_up();
  SharedBytes live_frame(const fanout::Item& item) const;
  void send_what_fits();
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
  const Options options_;
  CatchUp catch_up_;
  GaugeShare catching_up_;
  std::unique_ptr<fanout::Follower> follower_;
  Lifetime lifetime_;
};

}  // namespace hawser::session
