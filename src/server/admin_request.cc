#include "server/admin_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "engineio/handshake.h"

namespace hawser::server::admin {
namespace {

constexpr std::string_view kRoot = "/admin";
constexpr std::size_t kDefaultListed = 50;
constexpr std::string_view kDead = "dead";

using Parameters = std::map<std::string, std::string, std::less<>>;

std::unexpected<Error> wrong(std::string message) {
  return fail(Errc::bad_request, std::move(message));
}

Result<Parameters> read_parameters(std::string_view query, const std::vector<std::string_view>& known) {
  Parameters result;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = engineio::percent_decode(pair.substr(0, equals), true);
    if (std::ranges::find(known, name) == known.end()) {
      return wrong(fmt::format("There is no such parameter here; known are: {}.", fmt::join(known, ", ")));
    }
    auto value = equals == std::string_view::npos ? std::string()
                                                  : engineio::percent_decode(pair.substr(equals + 1), true);
    if (!result.emplace(name, std::move(value)).second) return wrong(fmt::format("{} is there twice.", name));
  }
  return result;
}

std::string text_of(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

Result<std::uint64_t> number_of(const Parameters& parameters, std::string_view name, std::uint64_t usual,
                                std::uint64_t most) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return usual;
  const auto& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) {
    return wrong(fmt::format("{} is a number from 0 to {}.", name, most));
  }
  return value;
}

Result<std::optional<Request>> read_list(std::string_view query) {
  const auto parameters = read_parameters(query, {"state", "type", "user", "after", "limit"});
  if (!parameters) return std::unexpected(parameters.error());
  ListJobs list;
  list.filter.type = text_of(*parameters, "type");
  list.filter.owner = text_of(*parameters, "user");
  if (const auto state = text_of(*parameters, "state"); state == kDead) {
    list.filter.dead = true;
  } else if (!state.empty()) {
    list.filter.state = job::parse_state(state);
    if (!list.filter.state) {
      return wrong("state is created, running, checkpointed, completed, failed, cancelled or dead.");
    }
  }
  if (const auto after = text_of(*parameters, "after"); !after.empty()) {
    list.after = JobId::parse(after);
    if (!list.after) return wrong("after is the id of a job.");
  }
  const auto limit = number_of(*parameters, "limit", kDefaultListed, limits::kMaxListed);
  if (!limit) return std::unexpected(limit.error());
  list.limit = std::max<std::size_t>(*limit, 1);
  return list;
}

Result<std::optional<Request>> read_events(const JobId& id, std::string_view query) {
  const auto parameters = read_parameters(query, {"after", "limit"});
  if (!parameters) return std::unexpected(parameters.error());
  const auto after = number_of(*parameters, "after", 0, limits::kMaxEventsPerJob);
  if (!after) return std::unexpected(after.error());
  const auto limit = number_of(*parameters, "limit", limits::kPageEvents, limits::kPageEvents);
  if (!limit) return std::unexpected(limit.error());
  return ShowEvents{id, *after, std::max<std::size_t>(*limit, 1)};
}

Result<std::optional<Request>> read_cancel(const JobId& id, std::string_view query) {
  const auto parameters = read_parameters(query, {"reason"});
  if (!parameters) return std::unexpected(parameters.error());
  auto reason = text_of(*parameters, "reason");
  if (reason.size() > limits::kMaxCancelReason) {
    return wrong(fmt::format("A reason has at most {} bytes.", limits::kMaxCancelReason));
  }
  return CancelJob{id, std::move(reason)};
}

Result<std::optional<Request>> without_parameters(std::string_view query, Request request) {
  if (const auto none = read_parameters(query, {}); !none) return wrong("There are no parameters here.");
  return request;
}

Result<std::optional<Request>> wrong_method(std::string_view right) {
  return wrong(fmt::format("The method here is {}.", right));
}

Result<std::optional<Request>> read_job_request(const net::HttpRequest& request, const JobId& id,
                                                std::string_view what) {
  const auto& method = request.method;
  if (what.empty()) {
    if (method == "GET") return without_parameters(request.query, ShowJob{id});
    if (method == "DELETE") return without_parameters(request.query, PurgeJob{id});
    return wrong_method("GET or DELETE");
  }
  if (what == "events") return method == "GET" ? read_events(id, request.query) : wrong_method("GET");
  if (what == "retry") {
    return method == "POST" ? without_parameters(request.query, RetryJob{id}) : wrong_method("POST");
  }
  if (what == "cancel") return method == "POST" ? read_cancel(id, request.query) : wrong_method("POST");
  return std::nullopt;
}

}  // namespace

bool is_admin_path(std::string_view path) {
  return path == kRoot || (path.starts_with(kRoot) && path[kRoot.size()] == '/');
}

Result<std::optional<Request>> read_request(const net::HttpRequest& request) {
  if (request.has_body) return wrong("There is no body here; parameters stand in the query.");
  const std::string_view path = request.path;
  if (path == "/admin/jobs") return request.method == "GET" ? read_list(request.query) : wrong_method("GET");
  if (path == "/admin/queue") {
    return request.method == "GET" ? without_parameters(request.query, ShowQueues{}) : wrong_method("GET");
  }
  constexpr std::string_view kJob = "/admin/jobs/";
  if (!path.starts_with(kJob)) return std::nullopt;
  const auto rest = path.substr(kJob.size());
  const auto slash = rest.find('/');
  const auto id = JobId::parse(rest.substr(0, slash));
  if (!id) return std::nullopt;
  if (slash == std::string_view::npos) return read_job_request(request, *id, {});
  const auto what = rest.substr(slash + 1);
  return what.empty() ? Result<std::optional<Request>>(std::nullopt) : read_job_request(request, *id, what);
}

}  // namespace hawser::server::admin
