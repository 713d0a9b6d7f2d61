#include "remote/worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <thread>
#include <tuple>
#include <utility>

#include "base/web_url.h"
#include "remote/client.h"
#include "remote/remote_commands.h"
#include "runtime/system.h"
#include "worker/executor.h"

namespace hawser::remote {
namespace {

constexpr const char* kNamespace = "/workers";

Client::Options client_options(const WorkerOptions& options, WebUrl url) {
  Client::Options result{.url = std::move(url), .token = options.token, .ca_file = options.ca_file};
  result.nsp = kNamespace;
  result.handles_signals = options.handles_signals;
  result.patient = true;
  return result;
}

}  // namespace

class Worker::State {
 public:
  State(WorkerOptions options, WebUrl url, std::vector<std::shared_ptr<worker::Handler>> handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)),
        client_(client_options(options_, std::move(url)),
                {.on_connected = [] {},
                 .on_interrupted = [this](const Error& why, Millis retry_in) { interrupted(why, retry_in); },
                 .on_event = [this](std::string_view event, std::string_view body) { on_event(event, body); },
                 .on_signal = [this] { on_signal(); }},
                runtime::system_random()),
        commands_(
            {.post = [this](Task task) { client_.post(std::move(task)); },
             .request = [this](std::string_view event, std::string_view argument,
                               Client::Reply reply) { client_.request(event, argument, std::move(reply)); },
             .reconnect = [this](const Error& why) { client_.reconnect(why); }}) {}

  Status run() {
    auto status = client_.run();
    if (drainer_.joinable()) drainer_.join();
    if (!status) leave_executor();
    if (status && executor_ && executor_->running() > 0) {
      status = fail(Errc::timeout,
                    fmt::format("{} jobs did not stop in time; others take them up.", executor_->running()));
      leave_executor();
    }
    return status;
  }

  void stop() {
    client_.post([this] { drain(); });
  }

 private:
  void on_event(std::string_view event, std::string_view body) {
    if (event == "welcome") return welcome(body);
    if (!executor_) return;
    if (event == "work") return executor_->on_commit({.events = {}, .work_queued = true, .revoked = {}});
    if (event == "stop") {
      if (const auto lost = commands_.read_stop(body))
        executor_->on_commit({.events = {}, .revoked = {*lost}});
    }
  }

  void welcome(std::string_view body) {
    const auto welcome = parse_welcome(body);
    if (!welcome) return client_.reconnect(welcome.error());
    spdlog::info("connected to {} as worker {}", options_.url, welcome->worker);
    commands_.on_welcome();
    if (executor_) {
      executor_->renew();
      executor_->on_commit({.events = {}, .work_queued = true, .revoked = {}});
    } else if (!draining_) {
      executor_ =
          std::make_unique<worker::Executor>(commands_, runtime::system_clock(), handlers_,
                                             worker::Executor::Options{.threads = options_.threads,
                                                                       .holder = welcome->worker,
                                                                       .renew_every = welcome->renew_every,
                                                                       .window = welcome->window});
      executor_->start();
    }
    if (options_.on_connected) options_.on_connected(welcome->worker);
  }

  void interrupted(const Error& why, Millis retry_in) {
    spdlog::warn("{} Trying again in {} ms; {} jobs go on.", why.message, retry_in.count(),
                 executor_ ? executor_->running() : 0);
    commands_.on_interrupted();
  }

  void on_signal() {
    if (draining_) std::_Exit(EXIT_FAILURE);
    spdlog::info("draining, up to {} s; a second signal ends at once", options_.drain.count());
    drain();
  }

  /// Handlers need this thread to give their jobs back, so somebody else waits for them.
  void drain() {
    if (std::exchange(draining_, true)) return;
    drainer_ = std::thread([this] {
      if (executor_) executor_->drain(runtime::system_clock().now() + options_.drain);
      client_.post([this] { client_.stop(); });
    });
  }

  /// Threads in handlers that do not return still use it, and what it asks is not answered any more.
  void leave_executor() { std::ignore = executor_.release(); }

  const WorkerOptions options_;
  const std::vector<std::shared_ptr<worker::Handler>> handlers_;
  bool draining_ = false;
  Client client_;
  RemoteCommands commands_;
  std::unique_ptr<worker::Executor> executor_;
  std::thread drainer_;
};

Result<std::unique_ptr<Worker>> Worker::make(WorkerOptions options,
                                             std::vector<std::shared_ptr<worker::Handler>> handlers) {
  auto url = parse_web_url(options.url);
  if (!url) return std::unexpected(url.error());
  if (!url->path.empty() && url->path != "/") {
    return fail(Errc::config, fmt::format("{}: leave the path out.", options.url));
  }
  return std::unique_ptr<Worker>(
      new Worker(std::make_unique<State>(std::move(options), *std::move(url), std::move(handlers))));
}

Worker::Worker(std::unique_ptr<State> state) : state_(std::move(state)) {}
Worker::~Worker() = default;

Status Worker::run() {
  return state_->run();
}
void Worker::stop() {
  state_->stop();
}

}  // namespace hawser::remote
