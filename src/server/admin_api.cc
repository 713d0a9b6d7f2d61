#include "server/admin_api.h"

#include <spdlog/spdlog.h>

#include <boost/beast/core/string.hpp>
#include <utility>

#include "base/json.h"
#include "job/errors.h"
#include "server/admin_json.h"

namespace hawser::server {
namespace {

int status_for(Errc code) {
  switch (code) {
    case Errc::bad_request:
    case Errc::bad_sequence: return 400;
    case Errc::unauthorized: return 401;
    case Errc::not_found: return 404;
    case Errc::gone: return 410;
    case Errc::invalid_state:
    case Errc::output_limit: return 409;
    case Errc::too_many_jobs:
    case Errc::rate_limited: return 429;
    case Errc::overloaded:
    case Errc::shutting_down:
    case Errc::storage_full:
    case Errc::unavailable: return 503;
    default: return 500;
  }
}

net::HttpResponse json_response(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.body = share(std::move(body));
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

net::HttpResponse refusal(const Error& error) {
  return json_response(status_for(error.code),
                       json::Object().add("error", error.message).add("code", code_name(error.code)).str());
}

net::HttpResponse to_response(Result<std::string> body) {
  return body ? json_response(200, *std::move(body)) : refusal(body.error());
}

/// The token of `Authorization: Bearer …`; empty when there is none.
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!boost::beast::iequals(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return authorization.substr(kScheme.size());
}

std::string reply_json(const job::Reply& reply) {
  return json::Object()
      .add("ok", true)
      .add("jobId", reply.id.to_string())
      .add("state", job::to_string(reply.state))
      .add("changed", !reply.duplicate)
      .str();
}

}  // namespace

bool AdminApi::handle(const net::HttpRequest& request, const net::HttpRespond& respond) {
  if (!admin::is_admin_path(request.path)) return false;
  if (auto allowed = authenticator_.verify_admin(bearer(request.authorization), clock_.wall_now());
      !allowed) {
    respond(refusal(allowed.error()));
    return true;
  }
  const auto read = admin::read_request(request);
  if (!read) {
    respond(refusal(read.error()));
  } else if (!*read) {
    respond(refusal({Errc::not_found, "Not found"}));
  } else {
    std::visit([&](const auto& one) { run(one, respond); }, **read);
  }
  return true;
}

template <class Read>
void AdminApi::run(const Read& request, const Respond& respond) {
  if (!readers_.try_post([this, request, respond] { respond(to_response(read(request))); })) {
    respond(refusal({Errc::overloaded, "Too many reads are waiting; try again later."}));
  }
}

Result<std::string> AdminApi::read(const admin::ListJobs& request) {
  const auto list = store_.list(request.filter, request.after, request.limit);
  if (!list) return std::unexpected(list.error());
  return list_json(*list, clock_.wall_now());
}

Result<std::string> AdminApi::read(const admin::ShowJob& request) {
  const auto record = find(request.id);
  if (!record) return std::unexpected(record.error());
  const auto input = store_.input(request.id);
  if (!input) return std::unexpected(input.error());
  return json::Object().raw("job", job_json(*record, clock_.wall_now())).raw("input", *input).str();
}

Result<std::string> AdminApi::read(const admin::ShowEvents& request) {
  if (auto record = find(request.id); !record) return std::unexpected(record.error());
  job::ReadLimits limits;
  limits.events = request.limit;
  const auto page = store_.read_job(request.id, request.after, limits);
  if (!page) return std::unexpected(page.error());
  return events_json(*page);
}

Result<std::string> AdminApi::read(const admin::ShowQueues&) {
  const auto now = clock_.wall_now();
  const auto queues = store_.queues(now);
  if (!queues) return std::unexpected(queues.error());
  return queues_json(*queues, now);
}

/// Administrators may know of every deleted job.
Result<job::JobRecord> AdminApi::find(const JobId& id) {
  auto record = store_.find(id);
  if (record || record.error().code != Errc::not_found) return record;
  const auto tombstone = store_.tombstone(id);
  return std::unexpected(tombstone ? job::gone(*tombstone) : record.error());
}

void AdminApi::command(const JobId& id, const std::function<job::Command(const job::JobRecord&)>& make,
                       const Respond& respond) {
  const bool posted = readers_.try_post([this, id, make, respond] {
    const auto record = find(id);
    if (!record) return respond(refusal(record.error()));
    store_.submit(make(*record), [respond](const Result<job::Reply>& reply) {
      respond(reply ? json_response(200, reply_json(*reply)) : refusal(reply.error()));
    });
  });
  if (!posted) respond(refusal({Errc::overloaded, "Too many reads are waiting; try again later."}));
}

void AdminApi::run(const admin::RetryJob& request, const Respond& respond) {
  spdlog::info("admin: retry {}", request.id.to_string());
  command(
      request.id,
      [](const job::JobRecord& record) -> job::Command {
        return job::Resume{record.id, *record.owner};
      },
      respond);
}

void AdminApi::run(const admin::CancelJob& request, const Respond& respond) {
  spdlog::info("admin: cancel {}", request.id.to_string());
  command(
      request.id,
      [reason = request.reason](const job::JobRecord& record) -> job::Command {
        return job::Cancel{record.id, *record.owner, reason};
      },
      respond);
}

void AdminApi::run(const admin::PurgeJob& request, const Respond& respond) {
  spdlog::info("admin: purge {}", request.id.to_string());
  command(
      request.id, [](const job::JobRecord& record) -> job::Command { return job::Purge{record.id}; },
      respond);
}

}  // namespace hawser::server
