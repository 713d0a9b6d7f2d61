#include "test/sim/client.h"

#include <fmt/format.h>

#include <utility>

#include "test/sim/server.h"

namespace hawser::sim {
namespace {

std::optional<JobId> job_of(json::View body) {
  const auto id = body.find("jobId");
  return id && id->as_string() ? JobId::parse(*id->as_string()) : std::nullopt;
}

std::uint64_t number(json::View body, std::string_view name) {
  return static_cast<std::uint64_t>(body.find(name)->as_integer().value_or(0));
}

}  // namespace

Client::Client(World& world, std::string user, std::size_t device)
    : world_(world), user_(std::move(user)), name_(user_ + std::to_string(device)) {}

void Client::start() {
  retry_connect();
  think();
}

void Client::settle() {
  settling_ = true;
  pause_reading({});
  catch_up();
  if (connected_) repeat_starts();
}

void Client::leave() {
  left_ = true;
  if (connection_) connection_->hang_up();
}

std::uint64_t Client::seen_through(const JobId& job) const {
  const auto found = jobs_.find(job);
  return found == jobs_.end() ? 0 : found->second.through;
}

void Client::pause_reading(Duration time) {
  if (!connection_) return;
  if (time > Duration{}) connection_->set_reading(false);
  world_.timeline.after(time, [connection = connection_] { connection->set_reading(true); });
}

// --- Connecting ---

void Client::retry_connect() {
  world_.timeline.after(world_.rng.micros(20'000, 500'000), [this] { connect(); });
}

void Client::connect() {
  if (left_) return;
  if (!world_.server) return retry_connect();
  connection_ = world_.server->connect();
  connection_->on_message = [this](std::string_view text) { on_packet(text); };
  connection_->on_gone = [this] { on_gone(); };
  json::Object auth;
  auth.add("token", *authenticator().mint(user_, world_.clock.wall_now(), std::nullopt));
  if (!pid_.empty()) {
    auth.add("pid", pid_);
    if (offset_) auth.add("offset", *offset_);
  }
  connection_->say(socketio::encode_connect(socketio::kDefaultNamespace, auth.str()));
}

void Client::on_gone() {
  world_.record(fact("gone").add("c", connection_->number()));
  connection_.reset();
  connected_ = false;
  pending_.clear();
  retry_connect();
}

void Client::on_packet(std::string_view text) {
  const auto packet = socketio::decode(text);
  if (!packet) return void(world_.record(fact("bad").add("c", connection_->number()).add("text", text)));
  switch (packet->type) {
    case socketio::PacketType::connect: return on_connect(*packet);
    case socketio::PacketType::ack: return on_ack(*packet);
    case socketio::PacketType::event: break;
    default: return void(world_.record(fact("bad").add("c", connection_->number()).add("text", text)));
  }
  if (packet->event == "connected") return on_connected(*packet);
  if (packet->event == "sync:complete") return on_synced(*packet);
  if (packet->event == "stream:reset") world_.record(fact("reset").add("c", connection_->number()));
  if (packet->event.starts_with("job:") && packet->event != "job:error") on_job_event(*packet);
}

void Client::on_connect(const socketio::Packet& packet) {
  const auto pid = json::View(packet.payload).find("pid")->as_string().value();
  const bool recovered = pid == pid_;
  auto open = fact("open");
  open.add("c", connection_->number()).add("user", user_).add("device", name_).add("recovered", recovered);
  if (!pid_.empty()) open.add("asked", true);
  world_.record(open);
  pid_ = pid;
}

void Client::on_connected(const socketio::Packet& packet) {
  connected_ = true;
  auto arguments = packet.arguments();
  arguments.next();
  offset_ = arguments.next()->as_string().value();
  // `incarnation.position;job:sequence;…`: opaque to clients, but not to the checker.
  const auto dot = offset_->find('.');
  std::string listed;
  for (auto at = offset_->find(';'); at != std::string::npos; at = offset_->find(';', at + 1)) {
    const auto colon = offset_->find(':', at);
    const auto job = JobId::parse(std::string_view(*offset_).substr(at + 1, colon - at - 1));
    listed += fmt::format(R"({}"{}":{})", listed.empty() ? "" : ",", job ? name_of(*job) : "?",
                          std::stoull(offset_->substr(colon + 1)));
  }
  auto head = fact("head");
  head.add("c", connection_->number()).add("inc", std::string_view(*offset_).substr(0, dot));
  head.add("p", static_cast<std::uint64_t>(std::stoull(offset_->substr(dot + 1))));
  world_.record(head.raw("listed", '{' + listed + '}'));
  catch_up();
  repeat_starts();
}

/// What an application does once it is connected again: it asks for the rest of all jobs it follows.
void Client::catch_up() {
  if (!connected_) return;
  for (const auto& [job, seen] : jobs_) {
    if (!seen.ended || seen.failed || !seen.beyond.empty() || settling_) catch_up_on(job);
  }
  if (!settling_) return;
  for (const auto& [job, owner] : world_.owners) {
    if (owner == user_ && !jobs_.contains(job)) catch_up_on(job);
  }
}

void Client::catch_up_on(const JobId& job) {
  for (const auto& [id, ask] : pending_) {
    if (ask.what == "sync" && ask.job == job) return;
  }
  sync(job, seen_through(job));
}

// --- Hearing ---

void Client::on_job_event(const socketio::Packet& packet) {
  auto arguments = packet.arguments();
  const auto body = *arguments.next();
  if (const auto offset = arguments.next()) offset_ = offset->as_string();
  const auto job = *job_of(body);
  const auto sequence = number(body, "sequence");
  auto& seen = jobs_[job];
  if (sequence == seen.through + 1) {
    ++seen.through;
    while (seen.beyond.erase(seen.through + 1) > 0) ++seen.through;
  } else if (sequence > seen.through) {
    seen.beyond.insert(sequence);
  }
  if (packet.event == "job:resumed") seen.ended = seen.failed = false;
  if (packet.event == "job:failed") seen.ended = seen.failed = true;
  if (packet.event == "job:completed" || packet.event == "job:cancelled") seen.ended = true;
  world_.record(fact("see")
                    .add("c", connection_->number())
                    .add("j", name_of(job))
                    .add("s", sequence)
                    .add("k", packet.event)
                    .add("h", body_hash(body.raw())));
}

void Client::on_synced(const socketio::Packet& packet) {
  const auto body = *packet.arguments().next();
  world_.record(fact("synced")
                    .add("c", connection_->number())
                    .add("j", name_of(*job_of(body)))
                    .add("count", number(body, "replayed"))
                    .add("after", number(body, "lastSequence")));
}

void Client::on_ack(const socketio::Packet& packet) {
  const auto found = pending_.find(*packet.id);
  auto told = fact("told");
  told.add("c", connection_->number()).add("n", *packet.id);
  if (found == pending_.end()) return world_.record(told.add("bad", "nobody asked"));
  const auto asked = pending_.extract(found).mapped();
  const auto body = *packet.arguments().next();
  const auto code = body.find("code");
  told.add("what", asked.what);
  if (asked.job) told.add("j", name_of(*asked.job));
  if (code) {
    const auto text = code->as_string().value();
    told.add("code", text);
    const bool again = text == "overloaded" || text == "rate_limited" || text == "too_many_catch_ups";
    if (asked.what == "sync" && again) {
      world_.timeline.after(std::chrono::seconds(1), [this, job = *asked.job, c = connection_] {
        if (connected_ && c == connection_) catch_up_on(job);
      });
    }
    if (asked.what == "start" && settling_) {
      world_.timeline.after(std::chrono::seconds(1), [this, c = connection_] {
        if (connected_ && c == connection_) repeat_starts();
      });
    }
  } else if (asked.what == "start") {
    const auto job = *job_of(body);
    jobs_.try_emplace(job);
    world_.owners[job] = user_;
    unanswered_starts_.erase(asked.key);
    told.add("j", name_of(job)).add("key", asked.key);
  }
  world_.record(told);
}

}  // namespace hawser::sim
