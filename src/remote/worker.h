#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/limits.h"
#include "worker/handler.h"

namespace hawser::remote {

struct WorkerOptions {
  std::string url;        ///< of the server: http://, https://, ws:// or wss://
  std::string token;      ///< of a worker: `hawser token --worker NAME --type TYPE`
  std::string ca_file{};  ///< for https: who may vouch for the server (PEM); empty: whom the system trusts
  std::size_t threads = limits::kDefaultHandlerThreads;  ///< jobs that run at once
  /// What handlers have to write a checkpoint and return when the worker is asked to stop.
  std::chrono::seconds drain{20};
  /// SIGINT and SIGTERM drain, a second one ends at once. Otherwise call `stop`.
  bool handles_signals = true;
  /// Called on the worker's thread after every connect.
  std::function<void(const std::string& name)> on_connected{};
};

/// A process of its own that runs jobs for a server, by docs/worker-protocol.md. It keeps itself connected;
/// handlers go on while the connection or the server is away.
///
///   auto worker = hawser::remote::Worker::make({.url = url, .token = token},
///   {std::make_shared<MyHandler>()}); if (!worker) return complain(worker.error()); return
///   (*worker)->run().has_value() ? 0 : 1;
class Worker {
 public:
  /// Errors: config (the URL).
  static Result<std::unique_ptr<Worker>> make(WorkerOptions options,
                                              std::vector<std::shared_ptr<worker::Handler>> handlers);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs jobs on threads of its own until it is stopped. Errors: unauthorized and shutting_down (the token
  /// is refused or over), timeout (handlers did not return in time: end the process, they still use
  /// this object; their jobs go on elsewhere when the leases have run out).
  Status run();
  /// Drains, then `run` returns. Any thread; idempotent.
  void stop();

 private:
  class State;
  explicit Worker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hawser::remote
