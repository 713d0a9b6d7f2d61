#include "server/app.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <map>
#include <utility>

#include "runtime/system.h"
#include "server/handler_options.h"
#include "server/job_policy.h"
#include "server/secrets.h"
#include "server/tls.h"
#include "session/wire_event.h"
#include "store/memory_job_store.h"
#include "store/rocksdb_job_store.h"
#include "worker/handlers.h"

namespace hawser::server {
namespace {

/// Names this process's leases; they are given back when a store opens, so it need not be unique in time.
constexpr std::string_view kHolder = "server";
/// For connections to take what is left to send after the handlers have stopped.
constexpr auto kCloseTime = std::chrono::seconds(3);
constexpr std::size_t kRecoveryKeyBytes = 32;
constexpr std::string_view kDevUser = "dev";
constexpr auto kDevTokenLifetime = std::chrono::hours(24 * 30);

std::map<std::string, job::InputCheck, std::less<>> input_checks(
    const std::vector<std::shared_ptr<worker::Handler>>& handlers,
    const std::vector<std::string>& remote_types) {
  std::map<std::string, job::InputCheck, std::less<>> checks;
  for (const auto& type : remote_types) checks.emplace(type, nullptr);
  for (const auto& handler : handlers) {
    checks.emplace(std::string(handler->type()),
                   [handler](std::string_view input) { return handler->validate(input); });
  }
  return checks;
}

/// Connections must leave descriptors to the store: an open that fails there ends the process.
std::size_t connections_that_fit(std::size_t wanted) {
  const auto descriptors = runtime::raise_descriptor_limit();
  const auto reserved = std::min(limits::kReservedDescriptors, descriptors / 2);
  const auto fitting = std::max<std::size_t>(1, descriptors - reserved);
  if (fitting >= wanted) return wanted;
  spdlog::warn("{} connections at most, not {}: the limit of open files is {}", fitting, wanted, descriptors);
  return fitting;
}

/// Nobody should learn from a missing job that jobs are deleted.
void announce_retention(const job::Retention& retention) {
  for (const auto state : job::kEndedStates) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(retention.of(state).max_age).count();
    if (hours > 0) spdlog::info("{} jobs are deleted {} hours after their end", job::to_string(state), hours);
  }
}

MetricsPage::Readers metrics_readers(const Config& config) {
  if (config.server.metrics == "all") return MetricsPage::Readers::all;
  return config.server.metrics == "off" ? MetricsPage::Readers::none : MetricsPage::Readers::loopback;
}

net::ServerConfig net_config(const Config& config) {
  net::ServerConfig result;
  result.host = config.server.host;
  result.port = config.server.port;
  result.ping_interval = config.engine.ping_interval;
  result.ping_timeout = config.engine.ping_timeout;
  result.max_payload = config.engine.max_payload;
  result.permessage_deflate = config.engine.permessage_deflate;
  result.allowed_origins = config.server.client_url;
  result.http_read_timeout = config.server.request_timeout;
  result.max_connections = connections_that_fit(config.server.max_connections);
  result.max_connections_per_address = config.server.max_connections_per_address;
  return result;
}

}  // namespace

App::App(const Config& config) : config_(config), loops_(config.server.loops, runtime::system_clock()) {}

Result<std::unique_ptr<App>> App::start(const Config& config) {
  std::unique_ptr<App> app(new App(config));
  if (auto opened = app->open_store(); !opened) return std::unexpected(opened.error());
  if (auto built = app->build(); !built) return std::unexpected(built.error());
  app->readiness_.serving = true;
  return app;
}

App::~App() {
  drain();
  loops_.stop();
}

Status App::open_store() {
  policies_ = make_policies(config_);
  announce_retention(policies_->retention());
  auto& clock = runtime::system_clock();
  auto& random = runtime::system_random();
  if (config_.store.kind == "memory") {
    spdlog::warn("store.kind is memory: all jobs are forgotten when the server stops");
    store_ = std::make_unique<store::MemoryJobStore>(store::MemoryOptions{clock, random, {}, policies_});
    return {};
  }
  store::RocksDbOptions options;
  options.directory = config_.server.data_dir;
  options.reserve_bytes = config_.store.reserve_bytes;
  options.policies = policies_;
  auto opened = store::RocksDbJobStore::open(std::move(options));
  if (!opened) return std::unexpected(opened.error());
  store_ = std::move(*opened);
  return {};
}

Status App::build() {
  auto& clock = runtime::system_clock();
  auto& random = runtime::system_random();
  auto authenticator = make_authenticator(config_, random);
  if (!authenticator) return std::unexpected(authenticator.error());
  authenticator_ = std::move(*authenticator);
  auto options = handler_options(config_);
  if (!options) return std::unexpected(options.error());
  StaticFiles files;
  if (!config_.server.static_dir.empty()) {
    auto loaded = StaticFiles::load(config_.server.static_dir);
    if (!loaded) return std::unexpected(loaded.error());
    files = std::move(*loaded);
  }
  if (!config_.redis.url.empty()) {
    spdlog::info("redis.url is set; this version runs on its embedded store and does not use Redis");
  }

  const auto tls = load_tls(config_);
  if (!tls) return std::unexpected(tls.error());

  const auto handlers = worker::make_handlers(*options);
  readers_ = std::make_unique<runtime::ThreadPool>("reader", limits::kReaderThreads, limits::kReaderQueue);
  executor_ = std::make_unique<worker::Executor>(
      *store_, clock, handlers,
      worker::Executor::Options{.threads = config_.worker.threads, .holder = std::string(kHolder)});
  jobs_ = std::make_unique<job::JobService>(*store_, *readers_, clock, random,
                                            input_checks(handlers, config_.worker.remote_types));
  admin_.emplace(*store_, *readers_, *authenticator_, clock);
  if (auto made = make_recovery(); !made) return made;
  make_cores();
  store_->set_listener([this](const std::shared_ptr<const job::CommitGroup>& group) {
    wakeup_->announce(group);
    executor_->on_commit(*group);
  });

  net_ = std::make_unique<net::Server>(
      net_config(config_), loops_.all(), random,
      std::vector<net::Endpoint>{{"/socket.io/",
                                  [this](Loop& loop, Channel& channel, const HandshakeInfo& info) {
                                    return cores_[loop.index()]->make_session(channel, info);
                                  }}},
      routes(std::move(files)), [this](const net::HttpRequest& request, const net::HttpRespond& respond) {
        return admin_->handle(request, respond);
      });
  if (*tls) use_tls(*tls);
  loops_.run();
  if (auto listening = net_->start(); !listening) return listening;
  loops_[0].post([this] { sweeper_ = std::make_unique<job::Sweeper>(loops_[0], *store_); });
  executor_->start();
  return {};
}

/// Positions and pids are worth as much as the store: what forgets jobs has a key of its own each time.
Status App::make_recovery() {
  auto& random = runtime::system_random();
  Result<std::string> key = random.token(kRecoveryKeyBytes);
  if (config_.store.kind != "memory") key = load_or_create_recovery_key(config_.server.data_dir, random);
  if (!key) return std::unexpected(key.error());
  leases_.emplace(*key);
  recovery_.emplace(*std::move(key), store_->status().incarnation);
  return {};
}

/// A client that comes back may find its older connection still open, on any core.
void App::close_older(const Loop& here, const std::string& sid, TimePoint connected_at) {
  for (auto* loop : loops_.all()) {
    if (loop == &here) continue;
    loop->post([&core = *cores_[loop->index()], sid, connected_at] { core.close_older(sid, connected_at); });
  }
}

net::HttpRoutes App::routes(StaticFiles files) {
  return http_routes(runtime::system_clock(), readiness_, [this] { return store_->status().writable; },
                     std::move(files),
                     {metrics_readers(config_), [this] { return prometheus_text(metrics()); }});
}

void App::make_cores() {
  std::vector<fanout::Hub*> hubs;
  for (auto* loop : loops_.all()) {
    hubs_.push_back(std::make_unique<fanout::Hub>(*loop, *jobs_, [this](const job::Event& event) {
      return session::encode_event(event, recovery_->offset_text({event.position, {}}));
    }));
    hubs.push_back(hubs_.back().get());
    cores_.push_back(std::make_unique<session::Core>(session::Parts{
        .loop = *loop,
        .jobs = *jobs_,
        .hub = *hubs_.back(),
        .authenticator = *authenticator_,
        .random = runtime::system_random(),
        .recovery = *recovery_,
        .commands = *store_,
        .leases = *leases_,
        .lease = config_.worker.lease,
        .max_payload = config_.engine.max_payload,
        .connect_timeout = config_.engine.connect_timeout,
        .close_older_elsewhere = [this, loop](
                                     const std::string& sid,
                                     TimePoint connected_at) { close_older(*loop, sid, connected_at); },
    }));
  }
  wakeup_ = std::make_unique<fanout::LocalWakeup>(hubs);
}

Status App::reload_tls() {
  auto tls = load_tls(config_);
  if (!tls) return std::unexpected(tls.error());
  if (!*tls) return fail(Errc::config, "server.tls_cert_file is not set: there is nothing to read again.");
  use_tls(*tls);
  return {};
}

void App::use_tls(const std::shared_ptr<const net::TlsContext>& tls) {
  const bool expired = tls->expires_at() <= runtime::system_clock().wall_now();
  spdlog::log(expired ? spdlog::level::warn : spdlog::level::info, "TLS certificate {}: {} until {}",
              config_.server.tls_cert_file, expired ? "was valid" : "valid", expiry_date(*tls));
  net_->use_tls(tls);
}

bool App::drain() {
  if (std::exchange(drained_, true)) return true;
  readiness_.draining = true;
  const auto deadline = runtime::system_clock().now() + config_.server.drain;
  loops_[0].post([this] { sweeper_.reset(); });
  if (jobs_) jobs_->drain();
  if (net_) {
    net_->refuse_new_sessions();
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      loops_[i].post([&core = *cores_[i]] { core.announce_shutdown(); });
    }
  }
  if (executor_) executor_->drain(deadline);
  const bool clean = !executor_ || executor_->running() == 0;
  if (!clean)
    spdlog::warn("{} jobs did not stop in time; the next start takes them up", executor_->running());
  if (net_) net_->stop(CloseReason::going_away, runtime::system_clock().now() + kCloseTime);
  if (store_) store_->stop();
  if (readers_) readers_->stop();
  return clean;
}

std::optional<std::string> App::page_token() const {
  if (!config_.server.dev || config_.server.static_dir.empty()) return std::nullopt;
  auto token = authenticator_->mint(kDevUser, runtime::system_clock().wall_now(), kDevTokenLifetime);
  return token ? std::optional(std::move(*token)) : std::nullopt;
}

}  // namespace hawser::server
