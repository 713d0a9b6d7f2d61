#pragma once

#include "base/gauge.h"

namespace hawser::session {

/// What one core counts for operators: changed there, read by any thread.
struct alignas(64) Gauges {
  Gauge clients;      ///< in the default namespace
  Gauge workers;      ///< connections of workers in other processes
  Gauge remote_jobs;  ///< that they hold
  Gauge subscriptions;
  Gauge catch_ups;         ///< jobs that are replayed, or whose replay the live stream has yet to meet
  Gauge pending_commands;  ///< that wait for the store
  Gauge attachment_bytes;  ///< of packets that are not complete
  Counter accepted;        ///< CONNECT packets
  Counter refused;         ///< CONNECT packets, for their token
  Counter rate_limited;    ///< commands
};

}  // namespace hawser::session
