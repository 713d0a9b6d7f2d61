#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "job/job_store.h"
#include "session/auth.h"

namespace hawser::session {

// What a worker is told (docs/worker-protocol.md), as JSON.

/// The most of one job that a worker may have unacknowledged, and in one event, so that it fits into a
/// message.
struct WorkerWindow {
  std::size_t events, bytes, event_bytes;
  explicit WorkerWindow(std::size_t max_payload);
};

std::string welcome_body(const WorkerIdentity& identity, Duration lease, const WorkerWindow& window);
std::string claimed_job_body(const job::ClaimedJob& claimed, std::string_view lease);
std::string stop_body(const job::Revoked& revoked, std::string_view lease);
/// A lease that `renew` found to be over.
std::string lost_body(const JobId& job, std::string_view lease, const Error& error);
std::string ended_body(const job::Reply& reply);
/// Of begin and append.
std::string written_body(const job::Reply& reply);

}  // namespace hawser::session
