#include "server/admin_json.h"

#include <algorithm>
#include <string_view>

#include "base/json.h"

namespace hawser::server {
namespace {

using json::Object;

std::string_view name_of(job::Place place) {
  switch (place) {
    case job::Place::none: break;
    case job::Place::queued: return "queued";
    case job::Place::delayed: return "delayed";
    case job::Place::held: return "held";
  }
  return "none";
}

void add_time(Object& out, std::string_view name, WallMillis time) {
  if (time > 0) {
    out.add(name, time);
  } else {
    out.raw(name, "null");
  }
}

/// A comma in front of all but the first.
void append_element(std::string& array, std::string_view element) {
  if (array.size() > 1) array += ',';
  array += element;
}

void add_queue_facts(Object& out, const job::JobRecord& record, WallMillis now) {
  const auto place = job::place_of(record, now);
  out.add("place", name_of(place)).add("priority", std::int64_t{record.priority});
  out.add("holder", record.holder).add("leaseMs", std::int64_t{record.lease.count()});
  add_time(out, "notBefore", place == job::Place::delayed ? record.not_before : 0);
  out.add("attempt", record.attempt).add("failures", record.failures);
  out.add("fruitlessAttempts", record.fruitless_attempts);
}

}  // namespace

std::string job_json(const job::JobRecord& record, WallMillis now) {
  Object out;
  out.add("jobId", record.id.to_string()).add("userId", *record.owner).add("type", *record.type);
  out.add("state", job::to_string(record.state));
  out.add("dead", job::JobFilter{.state = {}, .dead = true, .type = {}, .owner = {}}.accepts(record));
  add_queue_facts(out, record, now);
  out.raw("lastError", record.last_error.empty() ? "null" : record.last_error);
  out.add("lastSequence", record.last_sequence).add("chunks", record.chunk_count);
  out.add("outputBytes", record.output_bytes).add("logBytes", record.log_bytes);
  out.add("checkpointSequence", record.checkpoint_sequence);
  add_time(out, "createdAt", record.created_at);
  add_time(out, "startedAt", record.started_at);
  add_time(out, "endedAt", record.ended_at);
  return out.str();
}

std::string list_json(const job::JobList& list, WallMillis now) {
  std::string jobs = "[";
  for (const auto& record : list.jobs) append_element(jobs, job_json(record, now));
  return Object()
      .raw("jobs", jobs + ']')
      .raw("next", list.next ? json::quoted(list.next->to_string()) : "null")
      .str();
}

std::string events_json(const job::JobPage& page) {
  std::string events = "[";
  for (const auto& event : page.events) {
    const bool empty = !event->payload || event->payload->empty();
    append_element(events, Object()
                               .add("sequence", event->sequence)
                               .add("event", job::event_name(event->kind))
                               .add("attempt", event->attempt)
                               .add("timestamp", event->timestamp)
                               .raw("payload", empty ? std::string_view("null") : *event->payload)
                               .str());
  }
  return Object().raw("events", events + ']').add("head", page.head).str();
}

std::string queues_json(const job::Queues& queues, WallMillis now) {
  std::string types = "[";
  for (const auto& [type, facts] : queues.types) {
    Object out;
    out.add("type", type).add("queued", facts.queued).add("delayed", facts.delayed).add("held", facts.held);
    const auto oldest = facts.oldest == 0 ? now : facts.oldest;
    out.add("oldestQueuedMs", std::max<std::int64_t>(0, now - oldest));
    append_element(types, out.str());
  }
  return Object().raw("types", types + ']').add("complete", queues.complete).str();
}

}  // namespace hawser::server
