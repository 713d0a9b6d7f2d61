#include "session/worker_leases.h"

#include "base/limits.h"

namespace hawser::session {

void WorkerLeases::see(const Lease& lease, bool begun) {
  const auto found = held_.find(lease.job);
  if (found == held_.end()) {
    if (held_.size() < limits::kMaxWorkerJobs) held_.emplace(lease.job, Held{lease.epoch, begun});
  } else if (found->second.epoch < lease.epoch) {
    found->second = {lease.epoch, begun};
  }
}

WorkerLeases::Held* WorkerLeases::find(const Lease& lease) {
  const auto found = held_.find(lease.job);
  return found != held_.end() && found->second.epoch == lease.epoch ? &found->second : nullptr;
}

void WorkerLeases::begin(const Lease& lease) {
  see(lease);
  if (auto* held = find(lease)) held->begun = true;
}

void WorkerLeases::remove(const Lease& lease) {
  if (find(lease)) held_.erase(lease.job);
}

std::optional<WorkerLeases::Lease> WorkerLeases::revoke(const job::Revoked& revoked) {
  const auto found = held_.find(revoked.id);
  if (found == held_.end() || found->second.epoch > revoked.epoch) return std::nullopt;
  const Lease lease{revoked.id, found->second.epoch};
  held_.erase(found);
  return lease;
}

Status WorkerLeases::send(const Lease& lease, std::size_t events, std::size_t bytes) {
  see(lease);
  auto* held = find(lease);
  const bool too_many = held != nullptr && held->events > 0 &&
                        (held->events + events > limits::kUnackedEventsPerJob ||
                         held->bytes + bytes > limits::kUnackedBytesPerJob);
  if (too_many || bytes_ + bytes > limits::kMaxWorkerBytes) {
    return fail(Errc::overloaded, "Too many events wait to be acknowledged.");
  }
  bytes_ += bytes;
  if (held == nullptr) return {};
  held->events += events;
  held->bytes += bytes;
  return {};
}

void WorkerLeases::settle(const Lease& lease, std::size_t events, std::size_t bytes) {
  bytes_ -= bytes;
  auto* held = find(lease);
  // One that came and went meanwhile was not counted.
  if (held == nullptr || held->events < events || held->bytes < bytes) return;
  held->events -= events;
  held->bytes -= bytes;
}

std::vector<WorkerLeases::Lease> WorkerLeases::not_begun() const {
  std::vector<Lease> leases;
  for (const auto& [job, held] : held_) {
    if (!held.begun) leases.push_back({job, held.epoch});
  }
  return leases;
}

}  // namespace hawser::session
