#include "session/client.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "base/json.h"
#include "base/limits.h"
#include "job/state.h"

namespace hawser::session {
namespace {

/// The version the original's clients see in `connected`.
constexpr std::string_view kServerVersion = "1.0.0";

std::string job_body(const JobId& job) {
  return json::Object().add("jobId", job.to_string()).str();
}

}  // namespace

Client::Client(const Parts& parts, Gauges& gauges, Outlet& outlet, Arrival arrival, ClientEvents events)
    : parts_(parts),
      gauges_(gauges),
      outlet_(outlet),
      user_(std::move(arrival.identity.user)),
      recoverable_(arrival.recoverable),
      returns_(arrival.returns),
      events_(std::move(events)),
      rate_(limits::kCommandsPerSecond, limits::kCommandBurst, parts.loop.now()),
      present_(gauges.clients),
      subscribed_(gauges.subscriptions),
      pending_(gauges.pending_commands),
      expiry_(
          parts.loop, [this] { warn_of_expiry(); },
          [this] {
            warn_of_expiry();
            events_.on_expired();
          }),
      first_expiry_(arrival.identity.expires_at),
      delivery_(parts, gauges.catch_ups, outlet, reads_,
                {.owner = user_, .from = std::move(arrival.offset), .with_offsets = recoverable_},
                [this](bool recovered) { on_started(recovered); }) {
  present_.set(1);
}

void Client::on_started(bool recovered) {
  const auto offset = delivery_.offset();
  events_.on_ready(recovered, offset.position);
  outlet_.event("connected",
                json::Object()
                    .add("userId", user_)
                    .add("timestamp", parts_.loop.wall_now())
                    .add("serverVersion", kServerVersion)
                    .str(),
                recoverable_ ? parts_.recovery.offset_text(offset) : std::string());
  if (returns_ && !recovered) {
    outlet_.event("stream:reset",
                  json::Object()
                      .add("reason", "The stream of the earlier connection cannot be continued.")
                      .add("hint", "Ask reconnect:sync for the jobs you follow.")
                      .str());
  }
  expiry_.set(first_expiry_);
}

void Client::warn_of_expiry() {
  outlet_.event("auth:expired", json::Object().add("expiresAt", *expiry_.expires_at()).str());
}

Status Client::admit() {
  if (!rate_.take(parts_.loop.now())) {
    gauges_.rate_limited.add(1);
    return fail(Errc::rate_limited,
                fmt::format("More than {} commands a second; slow down.", limits::kCommandsPerSecond));
  }
  if (pending_.amount() >= limits::kMaxPendingCommands) {
    return fail(Errc::overloaded,
                fmt::format("At most {} commands may wait for their answers.", limits::kMaxPendingCommands));
  }
  return {};
}

void Client::on_event(const socketio::Packet& packet) {
  if (const auto admitted = admit(); !admitted) return outlet_.refuse(packet.id, {}, admitted.error());
  auto command = parse_command(packet);
  if (!command) return outlet_.refuse(packet.id, command.error().job_id, command.error().error);
  std::visit([&](auto& known) { run(std::move(known), packet.id); }, *command);
}

template <class Body>
job::JobService::Done<job::Reply> Client::reply(const Ack& ack, std::string job_id, Body body) {
  pending_.add(1);
  return lifetime_.guard([this, ack, job_id = std::move(job_id), body](const Result<job::Reply>& result) {
    pending_.subtract(1);
    if (!result) return outlet_.refuse(ack, job_id, result.error());
    outlet_.ack(ack, body(*result));
  });
}

void Client::run(StartJob command, const Ack& ack) {
  parts_.jobs.start(parts_.loop,
                    {user_, std::move(command.type), std::move(command.input),
                     std::move(command.idempotency_key), command.priority, command.delay},
                    reply(ack, {}, [](const job::Reply& started) { return job_body(started.id); }));
}

void Client::run(CancelJob command, const Ack& ack) {
  parts_.jobs.cancel(parts_.loop, user_, command.job, std::move(command.reason),
                     reply(ack, command.job.to_string(), [](const job::Reply& cancelled) {
                       return json::Object().add("ok", true).add("state", to_string(cancelled.state)).str();
                     }));
}

void Client::run(const ResumeJob& command, const Ack& ack) {
  parts_.jobs.resume(parts_.loop, user_, command.job,
                     reply(ack, command.job.to_string(),
                           [](const job::Reply&) { return json::Object().add("ok", true).str(); }));
}

void Client::run(const SubscribeJob& command, const Ack& ack) {
  if (subscriptions_.size() >= limits::kMaxSubscriptions && !subscriptions_.contains(command.job)) {
    return outlet_.refuse(
        ack, command.job.to_string(),
        {Errc::overloaded,
         fmt::format("At most {} subscriptions; unsubscribe from others first.", limits::kMaxSubscriptions)});
  }
  subscribe(command.job);
  answer_if_owned(command.job, "subscribed", ack);
}

void Client::run(const UnsubscribeJob& command, const Ack& ack) {
  unsubscribe(command.job);
  delivery_.stop_rewind(command.job);
  answer_if_owned(command.job, "unsubscribed", ack);
}

void Client::subscribe(const JobId& job) {
  subscriptions_.insert(job);
  subscribed_.set(subscriptions_.size());
}

void Client::unsubscribe(const JobId& job) {
  subscriptions_.erase(job);
  subscribed_.set(subscriptions_.size());
}

void Client::answer_if_owned(const JobId& job, std::string_view event, const Ack& ack) {
  pending_.add(1);
  reads_.add([this, job, event, ack](ReadQueue::Done done) {
    auto answer = [this, job, event, ack,
                   done = std::move(done)](const Result<job::JobRecord>& record) mutable {
      pending_.subtract(1);
      if (record) {
        outlet_.event(event, job_body(job));
        outlet_.ack(ack, json::Object().add("ok", true).add("jobId", job.to_string()).str());
      } else {
        unsubscribe(job);
        outlet_.refuse(ack, job.to_string(), record.error());
      }
      done();
    };
    parts_.jobs.find(parts_.loop, user_, job, lifetime_.guard(std::move(answer)));
  });
}

void Client::run(const ReconnectSync& command, const Ack& ack) {
  delivery_.rewind(command.job, command.last_sequence, ack);
}

void Client::run(const RefreshAuth& command, const Ack& ack) {
  const auto identity = parts_.authenticator.verify(command.token, parts_.loop.wall_now());
  if (!identity) return outlet_.refuse(ack, {}, identity.error());
  if (identity->user != user_) {
    return outlet_.refuse(ack, {}, {Errc::unauthorized, "The token belongs to another user."});
  }
  expiry_.set(identity->expires_at);
  outlet_.ack(ack, json::Object().add("ok", true).str());
}

}  // namespace hawser::session
