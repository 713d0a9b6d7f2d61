#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/loop.h"
#include "base/time.h"
#include "base/web_url.h"
#include "socketio/packet.h"

namespace hawser::remote {

/// A small Socket.IO client over WebSocket (TLS for https and wss) that keeps itself connected: it notices
/// silence, comes back with jittered backoff, and gives up only when that cannot help.
///
/// Single-threaded but for `post`: made, run and destroyed on one thread, all callbacks there, within `run`.
class Client {
 public:
  struct Options {
    WebUrl url;
    std::string token;
    std::string ca_file{};  ///< as in WebSocket::open
    Millis ack_timeout{10'000};
    std::string nsp{socketio::kDefaultNamespace};
    bool handles_signals = true;  ///< SIGINT and SIGTERM come as on_signal
    bool patient = false;         ///< waits for a server that is not there yet
  };
  struct Callbacks {
    /// After every CONNECT that the server accepted, the first one and those after a reconnect.
    std::function<void()> on_connected;
    /// The connection was lost, or could not be made again; the next attempt comes after `retry_in`.
    std::function<void(const Error& why, Millis retry_in)> on_interrupted;
    std::function<void(std::string_view event, std::string_view body)> on_event;
    /// Ctrl-C (SIGINT) or SIGTERM.
    std::function<void()> on_signal;
  };
  using Reply = std::move_only_function<void(Result<std::string>)>;

  Client(Options options, Callbacks callbacks, Random& random);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Emits an event and waits for its ack. `reply` gets its first argument (JSON), the error it carries,
  /// or `timeout`; when the connection is lost or there is none, `unavailable`. Whether the server has acted
  /// is then not known.
  void request(std::string_view event, std::string_view argument, Reply reply);
  /// Runs `task` later.
  void after(Millis delay, Task task);
  /// The same as soon as possible. Any thread.
  void post(Task task);
  /// Gives the connection up for dead, although it does not say so, and makes another one.
  void reconnect(const Error& why);

  /// Connects and serves callbacks until `stop`, or until an error that is final: a refused token, or (unless
  /// patient) a first connection that cannot be made at all.
  Status run();
  void stop();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::remote
