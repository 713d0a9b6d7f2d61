#include "session/worker_replies.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/json.h"
#include "base/limits.h"
#include "job/state.h"

namespace hawser::session {
namespace {

constexpr int kProtocolVersion = 1;

}  // namespace

/// Half of a message is payload at least; the rest is for brackets, the lease and the envelope.
WorkerWindow::WorkerWindow(std::size_t max_payload)
    : events(std::min(limits::kUnackedEventsPerJob, max_payload / 64)),
      bytes(std::min(limits::kUnackedBytesPerJob, max_payload / 2)),
      event_bytes(std::min(limits::kMaxEventPayload, max_payload - max_payload / 8)) {}

std::string welcome_body(const WorkerIdentity& identity, Duration lease, const WorkerWindow& window) {
  const std::int64_t lease_ms = std::chrono::duration_cast<Millis>(lease).count();
  return json::Object()
      .add("worker", identity.name)
      .raw("types", json::array_of(identity.types))
      .add("leaseMs", lease_ms)
      .add("renewMs", lease_ms / limits::kRenewalsPerLease)
      .add("maxEventBytes", std::uint64_t{window.event_bytes})
      .raw("window", json::Object()
                         .add("events", std::uint64_t{window.events})
                         .add("bytes", std::uint64_t{window.bytes})
                         .str())
      .add("protocolVersion", kProtocolVersion)
      .str();
}

std::string claimed_job_body(const job::ClaimedJob& claimed, std::string_view lease) {
  const auto& record = claimed.record;
  json::Object body;
  body.add("job", record.id.to_string())
      .add("lease", lease)
      .add("epoch", record.epoch)
      .add("type", *record.type)
      .add("user", *record.owner)
      .raw("input", claimed.input)
      .add("attempt", record.attempt + 1)
      .add("resumed", record.state == job::JobState::failed)
      .add("hasBegun", record.attempt > 0)
      .add("chunkCount", record.chunk_count);
  if (claimed.checkpoint) {
    body.raw("checkpoint", *claimed.checkpoint).add("checkpointChunkCount", record.checkpoint_chunk_count);
  }
  return body.add("lastSequence", record.last_sequence)
      .add("checkpointEvery", claimed.checkpoint_every)
      .str();
}

std::string stop_body(const job::Revoked& revoked, std::string_view lease) {
  const bool cancelled = revoked.state == job::JobState::cancelled;
  return json::Object()
      .add("job", revoked.id.to_string())
      .add("lease", lease)
      .add("reason", cancelled ? "cancelled" : "fenced")
      .str();
}

std::string lost_body(const JobId& job, std::string_view lease, const Error& error) {
  return json::Object()
      .add("job", job.to_string())
      .add("lease", lease)
      .add("code", code_name(error.code))
      .add("error", error.message)
      .str();
}

std::string ended_body(const job::Reply& reply) {
  return json::Object().add("ok", true).add("state", to_string(reply.state)).str();
}

std::string written_body(const job::Reply& reply) {
  return json::Object().add("ok", true).add("lastSequence", reply.last_sequence).str();
}

}  // namespace hawser::session
