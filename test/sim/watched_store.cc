#include "test/sim/watched_store.h"

#include <fmt/format.h>

#include <type_traits>
#include <utility>
#include <variant>

#include "session/wire_event.h"
#include "socketio/packet.h"
#include "test/sim/server.h"

namespace hawser::sim {
namespace {

/// What tells payloads apart: of a chunk the text up to its filler.
std::string tag_of(job::EventKind kind, std::string_view payload) {
  if (kind == job::EventKind::started) return {};  // The input, which the log does not repeat.
  if (kind == job::EventKind::chunk) payload = payload.substr(1, payload.find(' ') - 1);
  return std::string(payload.substr(0, 80));
}

std::string tags(const job::Append& append) {
  std::string list = "[";
  for (const auto& event : append.events) {
    if (list.size() > 1) list += ',';
    list += json::quoted(tag_of(event.kind, event.payload));
  }
  return list + ']';
}

struct Describe {
  json::Object& fact;
  Trace& trace;

  void operator()(const job::Start& start) const {
    fact.add("c", "start").add("j", trace.name(start.id)).add("owner", start.owner);
    fact.add("key", start.idempotency_key);
  }
  void operator()(const job::Claim&) const {}
  void operator()(const job::Sweep&) const {}
  void operator()(const job::Purge& purge) const { fact.add("c", "purge").add("j", trace.name(purge.id)); }
  void operator()(const job::Renew& renew) const { about("renew", renew.id, renew.epoch); }
  void operator()(const job::Begin& begin) const {
    about("begin", begin.id, begin.epoch);
    fact.add("from", static_cast<int>(begin.from));
  }
  void operator()(const job::Append& append) const {
    about("append", append.id, append.epoch);
    fact.add("ps", append.producer_sequence).raw("tags", tags(append));
  }
  void operator()(const job::Finish& finish) const {
    about("finish", finish.id, finish.epoch);
    fact.add("kind", job::event_name(finish.outcome)).add("retry", finish.retryable);
  }
  void operator()(const job::Release& release) const { about("release", release.id, release.epoch); }
  void operator()(const job::Cancel& cancel) const {
    fact.add("c", "cancel").add("j", trace.name(cancel.id)).add("owner", cancel.owner);
  }
  void operator()(const job::Resume& resume) const {
    fact.add("c", "resume").add("j", trace.name(resume.id)).add("owner", resume.owner);
  }

 private:
  void about(std::string_view what, const JobId& id, std::uint64_t epoch) const {
    fact.add("c", what).add("j", trace.name(id)).add("epoch", epoch);
  }
};

}  // namespace

std::string body_hash(std::string_view body) {
  return hex(hash_of(body));
}

std::string event_fact(const job::Event& event) {
  const auto packet = session::encode_event(event, {});
  const auto body = socketio::decode(*packet)->arguments().next()->raw();
  return fmt::format(R"([{},{},"{}",{},{},"{}"])", event.sequence, event.position,
                     job::event_name(event.kind), event.attempt,
                     json::quoted(tag_of(event.kind, *event.payload)), body_hash(body));
}

WatchedStore::WatchedStore(World& world, Server& server, job::JobStore& store)
    : world_(world), server_(server), store_(store) {}

void WatchedStore::submit_as(const std::string& who, job::Command command, job::Completion completion) {
  if (server_.is_dead()) return;
  const auto number = ++world_.commands;
  auto asked = fact("cmd");
  asked.add("n", number).add("by", who);
  std::visit(Describe{asked, world_.trace}, command);
  // Idle workers ask all the time; their claims are told once they get something. Sweeps are only told by
  // what they do.
  const bool is_silent =
      std::holds_alternative<job::Claim>(command) || std::holds_alternative<job::Sweep>(command);
  if (!is_silent) world_.record(asked);
  const auto* start = std::get_if<job::Start>(&command);
  const auto owner = start == nullptr ? std::string() : start->owner;
  store_.submit(std::move(command), [this, number, owner, is_silent,
                                     completion = std::move(completion)](Result<job::Reply> reply) mutable {
    if (Doom::strikes(world_.doom.completions)) server_.kill();
    if (server_.is_dead()) return;
    if (!is_silent || (reply && reply->claimed)) on_answer(number, reply);
    if (reply && !owner.empty()) world_.owners[reply->id] = owner;
    completion(std::move(reply));
  });
  world_.peaks.queued = std::max(world_.peaks.queued, store_.status().queued_commands);
  server_.schedule_commit();
}

void WatchedStore::on_answer(std::uint64_t number, const Result<job::Reply>& reply) {
  auto answer = fact("ack");
  answer.add("n", number).add("ok", reply.has_value());
  if (!reply) {
    answer.add("code", code_name(reply.error().code));
    return world_.record(answer);
  }
  if (reply->claimed) {
    const auto& record = reply->claimed->record;
    answer.add("c", "claim").add("j", world_.trace.name(record.id)).add("epoch", record.epoch);
    answer.add("holder", record.holder);
    answer.add("lease", record.lease.count());
  } else if (reply->id != JobId{}) {
    answer.add("j", world_.trace.name(reply->id)).add("epoch", reply->epoch);
    answer.add("state", job::to_string(reply->state)).add("last", reply->last_sequence);
    answer.add("dup", reply->duplicate);
  }
  world_.record(answer);
}

void WatchedStore::set_listener(job::CommitListener listener) {
  store_.set_listener([this, listener = std::move(listener)](const auto& group) {
    if (Doom::strikes(world_.doom.announcements)) server_.kill();
    if (server_.is_dead()) return;
    std::string events;
    for (const auto& event : group->events) {
      if (!events.empty()) events += ',';
      events += fmt::format(R"(["{}",{},{},"{}",{}])", world_.trace.name(event->job), event->sequence,
                            event->position, job::event_name(event->kind),
                            json::quoted(tag_of(event->kind, *event->payload)));
    }
    if (!events.empty()) world_.record(fact("made").raw("events", '[' + events + ']'));
    listener(group);
  });
}

}  // namespace hawser::sim
