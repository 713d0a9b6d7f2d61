#include "job/job_service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "job/on_loop.h"

namespace hawser::job {
namespace {

template <class T>
using Done = JobService::Done<T>;

template <class T>
void answer(Loop& loop, Done<T> done, Result<T> result) {
  loop.post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

/// Runs `read` on a reader thread and answers on `loop`.
template <class T, class Read>
void read_on(WorkPool& readers, Loop& loop, Done<T> done, Read read) {
  // The pool destroys a task it refuses, so `done` is shared with this call.
  auto shared = std::make_shared<Done<T>>(std::move(done));
  const bool posted = readers.try_post(
      [&loop, shared, read = std::move(read)]() mutable { answer<T>(loop, std::move(*shared), read()); });
  if (!posted) {
    answer<T>(loop, std::move(*shared),
              fail(Errc::overloaded, "Too many reads are waiting; try again later."));
  }
}

/// A deleted job is only its owner's to know about.
Error missing(JobStore& store, const JobId& id, std::string_view owner) {
  const auto tombstone = store.tombstone(id);
  return tombstone && tombstone->owner == owner ? gone(*tombstone) : not_found(id);
}

Result<JobRecord> find_owned(JobStore& store, const JobId& id, std::string_view owner) {
  auto record = store.find(id);
  if (record && *record->owner != owner) return std::unexpected(not_found(id));
  if (!record && record.error().code == Errc::not_found) return std::unexpected(missing(store, id, owner));
  return record;
}

Error draining_error() {
  return {Errc::shutting_down, "The server is shutting down; reconnect and try again."};
}

/// Reduces the input to its JSON value without surrounding white space.
Status check_input(std::string& input, const InputCheck& check) {
  if (input.size() > limits::kMaxInputBytes) {
    return fail(Errc::input_too_large,
                fmt::format("The input has {} bytes; {} are allowed.", input.size(), limits::kMaxInputBytes));
  }
  const auto value = json::validate(input);
  if (!value) return std::unexpected(value.error());
  if (value->raw().size() != input.size()) input = std::string(value->raw());
  return check ? check(input) : Status{};
}

Status check_names(const JobService::StartRequest& request) {
  if (request.owner.empty() || request.owner.size() > limits::kMaxOwner) {
    return fail(Errc::bad_request, fmt::format("A user id has 1 to {} bytes.", limits::kMaxOwner));
  }
  if (request.idempotency_key.size() > limits::kMaxIdempotencyKey) {
    return fail(Errc::bad_request,
                fmt::format("An idempotencyKey has at most {} bytes.", limits::kMaxIdempotencyKey));
  }
  return {};
}

Error unknown_type(std::string_view type, const std::map<std::string, InputCheck, std::less<>>& types) {
  std::vector<std::string_view> known;
  known.reserve(types.size());
  for (const auto& [name, check] : types) known.push_back(name);
  return {Errc::unknown_type, fmt::format("Unknown job type: {}. Known types: {}",
                                          type.substr(0, limits::kMaxTypeName), fmt::join(known, ", "))};
}

}  // namespace

JobService::JobService(JobStore& store, WorkPool& readers, Clock& clock, Random& random,
                       std::map<std::string, InputCheck, std::less<>> types)
    : store_(store), readers_(readers), clock_(clock), random_(random), types_(std::move(types)) {}

std::vector<std::string> JobService::types() const {
  std::vector<std::string> names;
  names.reserve(types_.size());
  for (const auto& [name, check] : types_) names.push_back(name);
  return names;
}

void JobService::start(Loop& loop, StartRequest request, Done<Reply> done) {
  if (auto valid = check(request); !valid) {
    return answer<Reply>(loop, std::move(done), std::unexpected(valid.error()));
  }
  std::array<std::uint8_t, 10> entropy{};
  random_.fill(entropy.data(), entropy.size());
  store_.submit(Start{.id = JobId::make(clock_.wall_now(), entropy),
                      .owner = std::move(request.owner),
                      .type = std::move(request.type),
                      .input = std::move(request.input),
                      .idempotency_key = std::move(request.idempotency_key),
                      .priority = request.priority,
                      .delay = request.delay},
                on_loop(loop, std::move(done)));
}

Status JobService::check(StartRequest& request) const {
  if (draining_) return std::unexpected(draining_error());
  if (auto names = check_names(request); !names) return names;
  const auto type = types_.find(request.type);
  if (type == types_.end()) return std::unexpected(unknown_type(request.type, types_));
  return check_input(request.input, type->second);
}

void JobService::cancel(Loop& loop, std::string owner, JobId id, std::string reason, Done<Reply> done) {
  if (reason.size() > limits::kMaxCancelReason) {
    return answer<Reply>(
        loop, std::move(done),
        fail(Errc::bad_request, fmt::format("A reason has at most {} bytes.", limits::kMaxCancelReason)));
  }
  store_.submit(Cancel{.id = id, .owner = std::move(owner), .reason = std::move(reason)},
                on_loop(loop, std::move(done)));
}

void JobService::resume(Loop& loop, std::string owner, JobId id, Done<Reply> done) {
  if (draining_) return answer<Reply>(loop, std::move(done), std::unexpected(draining_error()));
  store_.submit(Resume{.id = id, .owner = std::move(owner)}, on_loop(loop, std::move(done)));
}

void JobService::find(Loop& loop, std::string owner, JobId id, Done<JobRecord> done) {
  read_on<JobRecord>(readers_, loop, std::move(done), [&store = store_, owner = std::move(owner), id] {
    return find_owned(store, id, owner);
  });
}

void JobService::read_job(Loop& loop, std::string owner, JobId id, std::uint64_t after, ReadLimits limits,
                          Done<JobPage> done) {
  auto read = [&store = store_, owner = std::move(owner), id, after, limits]() -> Result<JobPage> {
    if (auto record = find_owned(store, id, owner); !record) return std::unexpected(record.error());
    auto page = store.read_job(id, after, limits);
    // It may have been deleted in between.
    if (!page && page.error().code == Errc::not_found) return std::unexpected(missing(store, id, owner));
    return page;
  };
  read_on<JobPage>(readers_, loop, std::move(done), std::move(read));
}

void JobService::read_owner(Loop& loop, std::string owner, std::uint64_t after, ReadLimits limits,
                            Done<OwnerPage> done) {
  read_on<OwnerPage>(readers_, loop, std::move(done),
                     [&store = store_, owner = std::move(owner), after, limits] {
                       return store.read_owner(owner, after, limits);
                     });
}

void JobService::owner_head(Loop& loop, std::string owner, Done<std::uint64_t> done) {
  read_on<std::uint64_t>(readers_, loop, std::move(done),
                         [&store = store_, owner = std::move(owner)] { return store.owner_head(owner); });
}

}  // namespace hawser::job
