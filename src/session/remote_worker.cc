#include "session/remote_worker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <variant>

#include "base/json.h"
#include "base/limits.h"
#include "job/on_loop.h"
#include "session/worker_replies.h"

namespace hawser::session {
namespace {

void give_back(job::Commands& commands, const JobId& job, std::uint64_t epoch) {
  // Refused when it is no longer leased, which is just as well.
  commands.submit(job::Release{job, epoch}, [](const Result<job::Reply>&) {});
}

/// The worker has nothing to do with the job any more.
bool is_over(Errc code) {
  return code == Errc::fenced || code == Errc::job_ended || code == Errc::output_limit ||
         code == Errc::not_found;
}

void append_item(std::string& list, std::string_view item) {
  if (!list.empty()) list += ',';
  list += item;
}

}  // namespace

/// A claim of several jobs at once, until all answers are there.
struct RemoteWorker::Claiming {
  Ack ack;
  std::size_t wanted = 0;
  std::size_t waiting = 0;
  std::uint64_t hints_before = 0;
  std::size_t found = 0;
  std::string jobs{};  ///< JSON, separated by commas
  std::optional<Error> error{};
};

struct RemoteWorker::Renewing {
  Ack ack;
  std::size_t waiting = 0;
  std::string lost{};  ///< JSON, separated by commas
};

RemoteWorker::RemoteWorker(const Parts& parts, Gauges& gauges, Outlet& outlet, WorkerIdentity identity,
                           std::function<void()> on_expired)
    : parts_(parts),
      outlet_(outlet),
      identity_(std::move(identity)),
      present_(gauges.workers),
      holding_(gauges.remote_jobs),
      pending_(gauges.pending_commands),
      expiry_(
          parts.loop, [this] { warn_of_expiry(); },
          [this, expired = std::move(on_expired)] {
            warn_of_expiry();
            expired();
          }) {
  present_.set(1);
  outlet_.event("welcome", welcome_body(identity_, parts_.lease, WorkerWindow(parts_.max_payload)));
  expiry_.set(identity_.expires_at);
}

RemoteWorker::~RemoteWorker() {
  for (const auto& lease : leases_.not_begun()) give_back(parts_.commands, lease.job, lease.epoch);
}

void RemoteWorker::warn_of_expiry() {
  outlet_.event("auth:expired", json::Object().add("expiresAt", *expiry_.expires_at()).str());
}

void RemoteWorker::on_event(const socketio::Packet& packet) {
  if (!packet.id) {
    return outlet_.refuse({}, {}, {Errc::bad_request, "A worker's commands need an acknowledgement."});
  }
  if (pending_.amount() >= limits::kMaxWorkerCommands) {
    return outlet_.refuse(packet.id, {},
                          {Errc::overloaded, fmt::format("At most {} commands may wait for their answers.",
                                                         limits::kMaxWorkerCommands)});
  }
  auto command = parse_worker_command(packet);
  if (!command) return outlet_.refuse(packet.id, {}, command.error());
  std::visit([&](auto& known) { run(std::move(known), packet.id); }, *command);
  holding_.set(leases_.size());
}

void RemoteWorker::on_commit(const job::CommitGroup& group) {
  for (const auto& revoked : group.revoked) {
    const auto lease = leases_.revoke(revoked);
    if (!lease) continue;
    outlet_.event("stop", stop_body(revoked, parts_.leases.make(identity_.name, lease->job, lease->epoch)));
  }
  holding_.set(leases_.size());
  if (!group.work_queued) return;
  ++hints_;
  if (std::exchange(hungry_, false)) hint();
}

void RemoteWorker::hint() {
  outlet_.event("work", "{}");
}

// ---- Claims ----

Result<std::vector<std::string>> RemoteWorker::claimable(const ClaimJobs& command) const {
  const auto known = parts_.jobs.types();
  std::vector<std::string> types;
  if (command.types.empty()) {
    std::ranges::copy_if(known, std::back_inserter(types),
                         [this](const auto& type) { return identity_.may_run(type); });
    return types;
  }
  for (const auto& type : command.types) {
    if (!identity_.may_run(type)) {
      return fail(Errc::unauthorized, fmt::format("The token does not name the job type {}.", type));
    }
    if (std::ranges::binary_search(known, type)) types.push_back(type);
  }
  if (!types.empty()) return types;
  return fail(Errc::unknown_type,
              fmt::format("The server knows none of the job types {}; name them in worker.remote_types. "
                          "Known types: {}",
                          fmt::join(command.types, ", "), fmt::join(known, ", ")));
}

void RemoteWorker::run(const ClaimJobs& command, const Ack& ack) {
  auto types = claimable(command);
  if (!types) return outlet_.refuse(ack, {}, types.error());
  const auto room = limits::kMaxWorkerJobs - leases_.size();
  if (room == 0) {
    return outlet_.refuse(
        ack, {}, {Errc::overloaded, fmt::format("A worker holds {} jobs at most.", limits::kMaxWorkerJobs)});
  }
  const auto wanted = std::min(command.max, room);
  const auto claiming = std::make_shared<Claiming>(
      Claiming{.ack = ack, .wanted = wanted, .waiting = wanted, .hints_before = hints_});
  const job::Claim claim{.types = *std::move(types),
                         .holder = "worker:" + identity_.name,
                         .lease = std::chrono::duration_cast<Millis>(parts_.lease - limits::kLeaseMargin)};
  pending_.add(1);
  for (std::size_t i = 0; i < wanted; ++i) claim_one(claim, claiming);
}

/// The worker may be gone when the answer comes; the job must not wait for its lease to run out then.
void RemoteWorker::claim_one(const job::Claim& claim, std::shared_ptr<Claiming> claiming) {
  auto take = lifetime_.guard([this, claiming = std::move(claiming)](Result<job::Reply>& reply) {
    on_claimed(*claiming, std::exchange(reply, job::Reply{}));
  });
  auto answer = [take = std::move(take), &commands = parts_.commands](Result<job::Reply> reply) mutable {
    take(reply);
    if (reply && reply->claimed) {
      give_back(commands, reply->claimed->record.id, reply->claimed->record.epoch);
    }
  };
  parts_.commands.submit(claim, job::on_loop(parts_.loop, std::move(answer)));
}

void RemoteWorker::on_claimed(Claiming& claiming, Result<job::Reply> reply) {
  if (!reply) {
    claiming.error = std::move(reply).error();
  } else if (reply->claimed) {
    const auto& record = reply->claimed->record;
    ++claiming.found;
    leases_.add({record.id, record.epoch});
    append_item(claiming.jobs, claimed_job_body(*reply->claimed,
                                                parts_.leases.make(identity_.name, record.id, record.epoch)));
  }
  if (--claiming.waiting == 0) answer(claiming);
}

void RemoteWorker::answer(Claiming& claiming) {
  pending_.subtract(1);
  holding_.set(leases_.size());
  if (claiming.found == 0 && claiming.error) return outlet_.refuse(claiming.ack, {}, *claiming.error);
  outlet_.ack(claiming.ack, json::Object().raw("jobs", "[" + claiming.jobs + "]").str());
  if (claiming.found == claiming.wanted) return;
  // What was announced in the meantime may be about a job that the claim did not see.
  hungry_ = hints_ == claiming.hints_before;
  if (!hungry_) hint();
}

// ---- Leased jobs ----

Result<RemoteWorker::Lease> RemoteWorker::lease_of(const Held& held) const {
  const auto epoch = parts_.leases.epoch_of(identity_.name, held.job, held.lease);
  if (!epoch) return fail(Errc::unauthorized, "This is no lease of this job for this worker.");
  return Lease{held.job, *epoch};
}

/// Acks with `then(reply)`, the reply being there or not; an empty text is the error's.
template <class Then>
void RemoteWorker::submit(job::Command command, const Lease& lease, const Ack& ack, Then then) {
  pending_.add(1);
  auto answer = [this, lease, ack, then = std::move(then)](const Result<job::Reply>& reply) {
    pending_.subtract(1);
    const auto body = then(reply);
    if (!reply && is_over(reply.error().code)) leases_.remove(lease);
    holding_.set(leases_.size());
    if (!reply) return outlet_.refuse(ack, {}, reply.error());
    outlet_.ack(ack, body);
  };
  parts_.commands.submit(std::move(command), job::on_loop(parts_.loop, lifetime_.guard(std::move(answer))));
}

void RemoteWorker::run(const BeginRun& command, const Ack& ack) {
  const auto lease = lease_of(command.held);
  if (!lease) return outlet_.refuse(ack, {}, lease.error());
  leases_.begin(*lease);
  submit(job::Begin{lease->job, lease->epoch, command.from}, *lease, ack,
         [](const auto& reply) { return reply ? written_body(*reply) : std::string(); });
}

void RemoteWorker::run(AppendEvents command, const Ack& ack) {
  const auto lease = lease_of(command.held);
  if (!lease) return outlet_.refuse(ack, {}, lease.error());
  const auto count = command.events.size();
  const auto bytes = std::accumulate(command.events.begin(), command.events.end(), std::size_t{0},
                                     [](auto sum, const auto& event) { return sum + event.payload.size(); });
  if (auto sent = leases_.send(*lease, count, bytes); !sent) return outlet_.refuse(ack, {}, sent.error());
  submit(job::Append{lease->job, lease->epoch, command.from, std::move(command.events)}, *lease, ack,
         [this, lease = *lease, count, bytes](const auto& reply) {
           leases_.settle(lease, count, bytes);
           return reply ? written_body(*reply) : std::string();
         });
}

void RemoteWorker::run(FinishRun command, const Ack& ack) {
  const auto lease = lease_of(command.held);
  if (!lease) return outlet_.refuse(ack, {}, lease.error());
  submit(job::Finish{.id = lease->job,
                     .epoch = lease->epoch,
                     .outcome = command.outcome,
                     .payload = std::move(command.payload),
                     .retryable = command.retryable},
         *lease, ack, [this, lease = *lease](const auto& reply) {
           if (!reply) return std::string();
           leases_.remove(lease);
           return ended_body(*reply);
         });
}

void RemoteWorker::run(const ReleaseJob& command, const Ack& ack) {
  const auto lease = lease_of(command.held);
  if (!lease) return outlet_.refuse(ack, {}, lease.error());
  submit(job::Release{lease->job, lease->epoch}, *lease, ack, [this, lease = *lease](const auto& reply) {
    if (!reply) return std::string();
    leases_.remove(lease);
    return ended_body(*reply);
  });
}

void RemoteWorker::run(const RenewLeases& command, const Ack& ack) {
  const auto renewing = std::make_shared<Renewing>(Renewing{.ack = ack, .waiting = 1});
  pending_.add(1);
  for (const auto& held : command.held) {
    const auto lease = lease_of(held);
    if (!lease) {
      append_item(renewing->lost, lost_body(held.job, held.lease, lease.error()));
      continue;
    }
    ++renewing->waiting;
    auto answer = [this, renewing, lease = *lease](const auto& reply) {
      on_renewed(*renewing, lease, reply);
    };
    parts_.commands.submit(job::Renew{lease->job, lease->epoch},
                           job::on_loop(parts_.loop, lifetime_.guard(std::move(answer))));
  }
  // The answer to an empty list comes as later as any other.
  parts_.loop.post(lifetime_.guard([this, renewing] { on_renewed(*renewing, {}, job::Reply{}); }));
}

void RemoteWorker::on_renewed(Renewing& renewing, const Lease& lease, const Result<job::Reply>& reply) {
  if (reply && lease.epoch > 0) leases_.see(lease);
  if (!reply && is_over(reply.error().code)) {
    leases_.remove(lease);
    const auto text = parts_.leases.make(identity_.name, lease.job, lease.epoch);
    append_item(renewing.lost, lost_body(lease.job, text, reply.error()));
  }
  if (--renewing.waiting > 0) return;
  pending_.subtract(1);
  holding_.set(leases_.size());
  outlet_.ack(renewing.ack, json::Object().raw("lost", "[" + renewing.lost + "]").str());
}

void RemoteWorker::run(const RefreshAuth& command, const Ack& ack) {
  auto identity = parts_.authenticator.verify_worker(command.token, parts_.loop.wall_now());
  if (!identity) return outlet_.refuse(ack, {}, identity.error());
  if (identity->name != identity_.name) {
    return outlet_.refuse(ack, {}, {Errc::unauthorized, "The token belongs to another worker."});
  }
  identity_ = *std::move(identity);
  expiry_.set(identity_.expires_at);
  outlet_.ack(ack, json::Object().add("ok", true).str());
}

}  // namespace hawser::session
