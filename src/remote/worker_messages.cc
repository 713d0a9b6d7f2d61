#include "remote/worker_messages.h"

#include <array>
#include <memory>

#include "base/json.h"
#include "job/state.h"

namespace hawser::remote {
namespace {

using json::Kind;
using json::View;

std::unexpected<Error> nonsense() {
  return fail(Errc::internal, "The server answered with something that no Hawser server says.");
}

json::Object held(const JobId& job, std::string_view lease) {
  json::Object object;
  object.add("job", job.to_string()).add("lease", lease);
  return object;
}

std::string_view name_of(job::ContinueFrom from) {
  switch (from) {
    case job::ContinueFrom::last_event: return "last_event";
    case job::ContinueFrom::checkpoint: return "checkpoint";
    case job::ContinueFrom::beginning: return "beginning";
  }
  return "beginning";
}

std::string_view name_of(job::EventKind kind) {
  switch (kind) {
    case job::EventKind::progress: return "progress";
    case job::EventKind::checkpoint: return "checkpoint";
    default: return "chunk";
  }
}

/// 0 where it is missing.
std::uint64_t number(const View& object, std::string_view name) {
  const auto member = object.find(name);
  const auto integer = member ? member->as_integer() : std::nullopt;
  return integer && *integer > 0 ? static_cast<std::uint64_t>(*integer) : 0;
}

bool flag(const View& object, std::string_view name) {
  const auto member = object.find(name);
  return member && member->as_boolean() == true;
}

std::optional<View> object_in(std::string_view body) {
  const auto view = json::validate(body);
  return view && view->is(Kind::object) ? std::optional(*view) : std::nullopt;
}

job::JobState state_of(const View& job) {
  if (flag(job, "resumed")) return job::JobState::failed;
  return flag(job, "hasBegun") ? job::JobState::running : job::JobState::created;
}

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

Result<LeasedJob> read_job(const View& body) {
  auto name = body.find_string("job");
  const auto id = name ? JobId::parse(*name) : std::nullopt;
  auto lease = body.find_string("lease");
  auto type = body.find_string("type");
  auto user = body.find_string("user");
  const auto input = body.find("input");
  if (!id || !lease || !type || !user || !input || number(body, "epoch") == 0) return nonsense();
  LeasedJob job;
  job.lease = *std::move(lease);
  auto& record = job.claimed.record;
  record.id = *id;
  record.owner = shared(*std::move(user));
  record.type = shared(*std::move(type));
  record.state = state_of(body);
  record.epoch = number(body, "epoch");
  record.attempt = flag(body, "hasBegun") ? static_cast<std::uint32_t>(number(body, "attempt")) - 1 : 0;
  record.chunk_count = number(body, "chunkCount");
  record.last_sequence = number(body, "lastSequence");
  record.checkpoint_chunk_count = number(body, "checkpointChunkCount");
  job.claimed.input = std::string(input->raw());
  if (const auto state = body.find("checkpoint")) job.claimed.checkpoint = std::string(state->raw());
  if (const auto every = number(body, "checkpointEvery"); every > 0) {
    job.claimed.checkpoint_every = static_cast<std::uint32_t>(every);
  }
  return job;
}

}  // namespace

std::string claim_argument(const job::Claim& command) {
  return json::Object().add("max", 1).raw("types", json::array_of(command.types)).str();
}

std::string renew_argument(const JobId& job, std::string_view lease) {
  const std::array pair{job.to_string(), std::string(lease)};
  return json::Object().raw("leases", "[" + json::array_of(pair) + "]").str();
}

std::string begin_argument(const job::Begin& command, std::string_view lease) {
  return held(command.id, lease).add("from", name_of(command.from)).str();
}

std::string append_argument(const job::Append& command, std::string_view lease) {
  std::string events = "[";
  for (const auto& event : command.events) {
    if (events.size() > 1) events += ',';
    events.append("[\"").append(name_of(event.kind)).append("\",").append(event.payload).append("]");
  }
  return held(command.id, lease).add("from", command.producer_sequence).raw("events", events + "]").str();
}

std::string finish_argument(const job::Finish& command, std::string_view lease) {
  auto object = held(command.id, lease);
  if (command.outcome == job::EventKind::completed) return object.raw("result", command.payload).str();
  const View failure(command.payload);
  const auto error = json::Object()
                         .add("message", failure.find_string("error").value_or("The job failed."))
                         .add("code", failure.find_string("code").value_or("handler_failed"))
                         .str();
  return object.raw("error", error).add("retryable", command.retryable).str();
}

std::string release_argument(const job::Release& command, std::string_view lease) {
  return held(command.id, lease).str();
}

Result<std::optional<LeasedJob>> read_claimed(std::string_view body) {
  const auto object = object_in(body);
  const auto jobs = object ? object->find("jobs") : std::nullopt;
  if (!jobs || !jobs->is(Kind::array)) return nonsense();
  const auto first = jobs->elements().next();
  if (!first) return std::nullopt;
  auto job = read_job(*first);
  if (!job) return std::unexpected(job.error());
  return *std::move(job);
}

Result<job::Reply> read_done(std::string_view body) {
  const auto object = object_in(body);
  if (!object || !flag(*object, "ok")) return nonsense();
  job::Reply reply;
  reply.last_sequence = number(*object, "lastSequence");
  const auto name = object->find_string("state");
  if (!name) return reply;
  const auto state = job::parse_state(*name);
  if (!state) return nonsense();
  reply.state = *state;
  return reply;
}

Result<std::optional<Error>> read_lost(std::string_view body) {
  const auto object = object_in(body);
  const auto lost = object ? object->find("lost") : std::nullopt;
  if (!lost || !lost->is(Kind::array)) return nonsense();
  const auto first = lost->elements().next();
  if (!first) return std::nullopt;
  const auto code = code_of(first->find_string("code").value_or(""));
  return Error{code == Errc::internal ? Errc::fenced : code, first->find_string("error").value_or("")};
}

}  // namespace hawser::remote
