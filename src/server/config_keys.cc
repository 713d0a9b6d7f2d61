#include "server/config_keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "base/web_url.h"
#include "server/job_policy.h"

namespace hawser::server {
namespace {

using Keys = std::vector<ConfigKey>;

template <class Target>
void assign(Target& target, std::int64_t value) {
  target = static_cast<Target>(value);
}
template <class Rep, class Period>
void assign(std::chrono::duration<Rep, Period>& target, std::int64_t value) {
  target = std::chrono::duration<Rep, Period>(value);
}
template <class Target>
std::string number(const Target& target) {
  return fmt::to_string(target);
}
template <class Rep, class Period>
std::string number(const std::chrono::duration<Rep, Period>& target) {
  return fmt::to_string(target.count());
}

// `at` is a generic lambda that finds the member in a constant or a variable Config.

template <class At>
ConfigKey text(std::string name, At at) {
  ConfigKey key;
  key.name = std::move(name);
  key.set = [at](Config& config, const SettingValue& value) -> Status {
    at(config) = std::get<std::string>(value);
    return {};
  };
  key.show = [at](const Config& config) { return json::quoted(at(config)); };
  return key;
}

template <class At>
ConfigKey choice(std::string name, std::vector<std::string> choices, At at) {
  auto key = text(std::move(name), at);
  key.choices = std::move(choices);
  return key;
}

template <class At>
ConfigKey secret(std::string name, At at) {
  auto key = text(std::move(name), at);
  key.secret = true;
  key.show = [at](const Config& config) { return at(config).empty() ? R"("")" : R"("[redacted]")"; };
  return key;
}

template <class At>
ConfigKey web_url(std::string name, At at) {
  auto key = text(std::move(name), at);
  key.set = [at](Config& config, const SettingValue& value) -> Status {
    const auto& url = std::get<std::string>(value);
    if (!url.empty()) {
      if (const auto parsed = parse_web_url(url); !parsed) return std::unexpected(parsed.error());
    }
    at(config) = url;
    return {};
  };
  return key;
}

template <class At>
ConfigKey integer(std::string name, std::int64_t min, std::int64_t max, At at) {
  ConfigKey key;
  key.name = std::move(name);
  key.kind = KeyKind::integer;
  key.min = min;
  key.max = max;
  key.set = [at](Config& config, const SettingValue& value) -> Status {
    assign(at(config), std::get<std::int64_t>(value));
    return {};
  };
  key.show = [at](const Config& config) { return number(at(config)); };
  return key;
}

template <class At>
ConfigKey boolean(std::string name, At at) {
  ConfigKey key;
  key.name = std::move(name);
  key.kind = KeyKind::boolean;
  key.set = [at](Config& config, const SettingValue& value) -> Status {
    at(config) = std::get<bool>(value);
    return {};
  };
  key.show = [at](const Config& config) { return at(config) ? "true" : "false"; };
  return key;
}

ConfigKey policy_key(const PolicyKey& policy) {
  ConfigKey key;
  key.name = fmt::format("jobs.{}", policy.leaf);
  key.kind = KeyKind::integer;
  key.min = policy.min;
  key.max = policy.max;
  key.set = [&policy](Config& config, const SettingValue& value) -> Status {
    policy.set(config.jobs.policy, std::get<std::int64_t>(value));
    return {};
  };
  key.show = [&policy](const Config& config) { return fmt::format("{}", policy.get(config.jobs.policy)); };
  return key;
}

ConfigKey with_aliases(ConfigKey key, std::vector<std::string> aliases) {
  key.aliases = std::move(aliases);
  return key;
}

Status set_origins(Config& config, const SettingValue& value) {
  auto origins = std::get<std::vector<std::string>>(value);
  for (auto& origin : origins) {
    if (origin == "*") continue;
    if (origin.ends_with('/')) origin.pop_back();
    const auto url = parse_web_url(origin);
    if (!url) return std::unexpected(url.error());
    if (!url->path.empty()) {
      return fail(Errc::config,
                  fmt::format("'{}' is a page; an origin has no path: {}.", origin,
                              std::string_view(origin).substr(0, origin.size() - url->path.size())));
    }
  }
  config.server.client_url = std::move(origins);
  return {};
}

Status set_remote_types(Config& config, const SettingValue& value) {
  const auto& types = std::get<std::vector<std::string>>(value);
  for (const auto& type : types) {
    if (type.empty() || type.size() > limits::kMaxTypeName) {
      return fail(Errc::config, fmt::format("a job type has 1 to {} bytes.", limits::kMaxTypeName));
    }
  }
  config.worker.remote_types = types;
  return {};
}

template <class At>
ConfigKey list(std::string name, Status (*set)(Config&, const SettingValue&), At at) {
  ConfigKey key;
  key.name = std::move(name);
  key.kind = KeyKind::list;
  key.set = set;
  key.show = [at](const Config& config) {
    std::vector<std::string> quoted;
    for (const auto& text : at(config)) quoted.push_back(json::quoted(text));
    return fmt::format("[{}]", fmt::join(quoted, ", "));
  };
  return key;
}

/// The URL may carry a password.
ConfigKey redis_url() {
  auto key = with_aliases(text(
                              "redis.url", [](auto& c) -> auto& { return c.redis.url; }),
                          {"REDIS_URL"});
  key.set = [](Config& config, const SettingValue& value) -> Status {
    const auto& url = std::get<std::string>(value);
    if (!url.empty() && !url.starts_with("redis://") && !url.starts_with("rediss://")) {
      return fail(Errc::config, "it must begin with redis:// or rediss://.");
    }
    config.redis.url = url;
    return {};
  };
  key.show = [](const Config& config) { return json::quoted(without_userinfo(config.redis.url)); };
  return key;
}

void add_server_keys(Keys& keys) {
  constexpr std::int64_t kMaxLoops = 256;
  constexpr std::int64_t kMaxDrainSeconds = 3600;
  constexpr std::int64_t kMostConnections = 1'000'000;
  constexpr std::int64_t kLongestRequestMs = 600'000;
  keys.push_back(with_aliases(text(
                                  "server.host", [](auto& c) -> auto& { return c.server.host; }),
                              {"HAWSER_HOST"}));
  keys.push_back(with_aliases(integer(
                                  "server.port", 0, 65535, [](auto& c) -> auto& { return c.server.port; }),
                              {"PORT", "HAWSER_PORT"}));
  keys.push_back(integer(
      "server.loops", 0, kMaxLoops, [](auto& c) -> auto& { return c.server.loops; }));
  keys.push_back(with_aliases(text(
                                  "server.data_dir", [](auto& c) -> auto& { return c.server.data_dir; }),
                              {"HAWSER_DATA_DIR"}));
  keys.push_back(with_aliases(
      list(
          "server.client_url", set_origins, [](auto& c) -> auto& { return c.server.client_url; }),
      {"CLIENT_URL"}));
  keys.push_back(text(
      "server.static_dir", [](auto& c) -> auto& { return c.server.static_dir; }));
  keys.push_back(text(
      "server.tls_cert_file", [](auto& c) -> auto& { return c.server.tls_cert_file; }));
  keys.push_back(text(
      "server.tls_key_file", [](auto& c) -> auto& { return c.server.tls_key_file; }));
  keys.push_back(integer(
      "server.drain_seconds", 0, kMaxDrainSeconds, [](auto& c) -> auto& { return c.server.drain; }));
  keys.push_back(integer(
      "server.max_connections", 1, kMostConnections,
      [](auto& c) -> auto& { return c.server.max_connections; }));
  keys.push_back(integer(
      "server.max_connections_per_address", 0, kMostConnections,
      [](auto& c) -> auto& { return c.server.max_connections_per_address; }));
  keys.push_back(integer(
      "server.request_timeout_ms", 100, kLongestRequestMs,
      [](auto& c) -> auto& { return c.server.request_timeout; }));
  keys.push_back(choice(
      "server.metrics", {"loopback", "all", "off"}, [](auto& c) -> auto& { return c.server.metrics; }));
  keys.push_back(boolean(
      "server.dev", [](auto& c) -> auto& { return c.server.dev; }));
}

void add_auth_keys(Keys& keys) {
  keys.push_back(with_aliases(secret(
                                  "auth.secret", [](auto& c) -> auto& { return c.auth.secret; }),
                              {"JWT_SECRET"}));
  keys.push_back(text(
      "auth.secret_file", [](auto& c) -> auto& { return c.auth.secret_file; }));
  keys.push_back(choice(
      "auth.algorithm", {"HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"},
      [](auto& c) -> auto& { return c.auth.algorithm; }));
  keys.push_back(text(
      "auth.public_key_file", [](auto& c) -> auto& { return c.auth.public_key_file; }));
}

void add_engine_keys(Keys& keys) {
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr std::int64_t kSmallestPayload = 16'384;  // Below this our own commands do not fit.
  constexpr std::int64_t kLargestPayload = 67'108'864;
  keys.push_back(integer(
      "engine.ping_interval_ms", 100, kDayMs, [](auto& c) -> auto& { return c.engine.ping_interval; }));
  keys.push_back(integer(
      "engine.ping_timeout_ms", 100, kDayMs, [](auto& c) -> auto& { return c.engine.ping_timeout; }));
  keys.push_back(integer(
      "engine.max_payload", kSmallestPayload, kLargestPayload,
      [](auto& c) -> auto& { return c.engine.max_payload; }));
  keys.push_back(boolean(
      "engine.permessage_deflate", [](auto& c) -> auto& { return c.engine.permessage_deflate; }));
  keys.push_back(integer(
      "engine.connect_timeout_ms", 100, kDayMs, [](auto& c) -> auto& { return c.engine.connect_timeout; }));
}

ConfigKey hours(std::string name, job::JobState state) {
  constexpr std::int64_t kCenturyHours = 876'000;
  ConfigKey key;
  key.name = std::move(name);
  key.kind = KeyKind::integer;
  key.max = kCenturyHours;
  const auto index = job::ended_index(state);
  key.set = [index](Config& config, const SettingValue& value) -> Status {
    config.retention.bounds.at(index).max_age = std::chrono::hours(std::get<std::int64_t>(value));
    return {};
  };
  key.show = [index](const Config& config) {
    const auto age =
        std::chrono::duration_cast<std::chrono::hours>(config.retention.bounds.at(index).max_age);
    return fmt::to_string(age.count());
  };
  return key;
}

void add_retention_keys(Keys& keys) {
  constexpr std::int64_t kMostJobs = 1'000'000'000;
  constexpr std::int64_t kPebibyte = std::int64_t{1} << 50;
  for (const auto state : job::kEndedStates) {
    keys.push_back(hours(fmt::format("retention.{}_max_age_hours", job::to_string(state)), state));
    keys.push_back(integer(
        fmt::format("retention.{}_max_count", job::to_string(state)), 0,
        kMostJobs, [index = job::ended_index(state)](auto& c) -> auto& {
          return c.retention.bounds.at(index).max_count;
        }));
  }
  keys.push_back(integer(
      "retention.max_bytes_per_user", 0, kPebibyte, [](auto& c) -> auto& { return c.retention.max_bytes; }));
}

void add_job_keys(Keys& keys) {
  constexpr std::int64_t kMaxThreads = 4096;
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr std::int64_t kMostJobs = 1'000'000;
  constexpr std::int64_t kPebibyte = std::int64_t{1} << 50;
  constexpr std::int64_t kDaySeconds = 86'400;
  keys.push_back(integer(
      "worker.threads", 0, kMaxThreads, [](auto& c) -> auto& { return c.worker.threads; }));
  keys.push_back(list(
      "worker.remote_types", set_remote_types, [](auto& c) -> auto& { return c.worker.remote_types; }));
  keys.push_back(integer(
      "worker.lease_ms", 1'000, kDayMs, [](auto& c) -> auto& { return c.worker.lease; }));
  keys.push_back(integer(
      "jobs.max_active_per_user", 1, kMostJobs, [](auto& c) -> auto& { return c.jobs.quota.active_jobs; }));
  keys.push_back(integer(
      "jobs.starts_per_minute", 0, kMostJobs,
      [](auto& c) -> auto& { return c.jobs.quota.starts_per_minute; }));
  for (const auto& policy : policy_keys()) keys.push_back(policy_key(policy));
  keys.push_back(choice(
      "store.kind", {"rocksdb", "memory"}, [](auto& c) -> auto& { return c.store.kind; }));
  keys.push_back(integer(
      "store.reserve_bytes", 0, kPebibyte, [](auto& c) -> auto& { return c.store.reserve_bytes; }));
  keys.push_back(redis_url());
  keys.push_back(text(
      "search.folder", [](auto& c) -> auto& { return c.search.folder; }));
  keys.push_back(web_url(
      "llm.base_url", [](auto& c) -> auto& { return c.llm.base_url; }));
  keys.push_back(secret(
      "llm.api_key", [](auto& c) -> auto& { return c.llm.api_key; }));
  keys.push_back(text(
      "llm.api_key_file", [](auto& c) -> auto& { return c.llm.api_key_file; }));
  keys.push_back(text(
      "llm.model", [](auto& c) -> auto& { return c.llm.model; }));
  keys.push_back(integer(
      "llm.timeout_seconds", 1, kDaySeconds, [](auto& c) -> auto& { return c.llm.timeout; }));
  keys.push_back(choice(
      "log.level", {"debug", "info", "warn", "error"}, [](auto& c) -> auto& { return c.log.level; }));
}

Keys make_keys() {
  Keys keys;
  add_server_keys(keys);
  add_auth_keys(keys);
  add_engine_keys(keys);
  add_job_keys(keys);
  add_retention_keys(keys);
  return keys;
}

}  // namespace

std::string_view ConfigKey::section() const {
  return std::string_view(name).substr(0, name.find('.'));
}
std::string_view ConfigKey::leaf() const {
  return std::string_view(name).substr(name.find('.') + 1);
}

std::string ConfigKey::variable() const {
  std::string variable = "HAWSER_" + name;
  std::ranges::replace(variable, '.', '_');
  std::ranges::transform(variable, variable.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return variable;
}

std::span<const ConfigKey> config_keys() {
  static const Keys keys = make_keys();
  return keys;
}

const ConfigKey* find_key(std::string_view name) {
  const auto keys = config_keys();
  const auto found = std::ranges::find(keys, name, &ConfigKey::name);
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace hawser::server
