#include "remote/client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>

#include "remote/backoff.h"
#include "remote/socket_protocol.h"
#include "remote/web_socket.h"

namespace hawser::remote {
namespace {

namespace asio = boost::asio;
constexpr const char* kTarget = "/socket.io/?EIO=4&transport=websocket";

/// Worth another attempt although nobody has let us in yet.
bool is_passing(Errc code) {
  return code == Errc::overloaded;
}
/// No attempt will ever succeed.
bool is_final(Errc code) {
  return code == Errc::unauthorized || code == Errc::shutting_down;
}

}  // namespace

class Client::State {
 public:
  State(Options options, Callbacks callbacks, Random& random)
      : options_(std::move(options)),
        callbacks_(std::move(callbacks)),
        backoff_(random),
        retry_(context_),
        signals_(context_) {}

  Status run() {
    if (options_.handles_signals) {
      signals_.add(SIGINT);
      signals_.add(SIGTERM);
      await_signal();
    }
    connect();
    context_.run();
    return result_;
  }

  void stop() { context_.stop(); }

  void request(std::string_view event, std::string_view argument, Reply reply) {
    if (!protocol_ || !protocol_->is_connected()) {
      asio::post(context_, [reply = std::move(reply)]() mutable {
        reply(fail(Errc::unavailable, "There is no connection to the server."));
      });
      return;
    }
    const auto id = protocol_->request(event, argument, std::move(reply));
    after(options_.ack_timeout, [this, id, connection = connection_] {
      if (connection == connection_ && protocol_) protocol_->expire(id);
    });
  }

  void after(Millis delay, Task task) {
    auto timer = std::make_shared<asio::steady_timer>(context_, delay);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& error) mutable {
      if (!error) task();
    });
  }

  void post(Task task) { asio::post(context_, std::move(task)); }

  void reconnect(const Error& why) {
    if (socket_) lost(why);
  }

 private:
  void connect() {
    ++connection_;
    protocol_.emplace(options_.token,
                      SocketProtocol::Hooks{
                          .send = [this](std::string text) { send(std::move(text)); },
                          .on_open = [this](Millis limit) { socket_->set_silence_limit(limit); },
                          .on_connected = [this] { connected(); },
                          .on_event = [this](std::string_view event,
                                             std::string_view body) { callbacks_.on_event(event, body); },
                      },
                      options_.nsp);
    socket_ = WebSocket::open(context_, options_.url, kTarget, options_.ca_file,
                              {.on_text =
                                   [this](std::string_view text) {
                                     if (auto status = protocol_->receive(text); !status)
                                       lost(status.error());
                                   },
                               .on_closed = [this](const Error& why) { lost(why); }});
  }

  /// Between the loss of a connection and the next one there is no socket; whoever asks then is answered
  /// `unavailable` when the protocol is abandoned.
  void send(std::string text) {
    if (socket_) socket_->send(std::move(text));
  }

  void connected() {
    was_connected_ = true;
    backoff_.reset();
    callbacks_.on_connected();
  }

  void lost(const Error& why) {
    socket_.reset();
    if (is_final(why.code) || (!was_connected_ && !options_.patient && !is_passing(why.code))) {
      result_ = std::unexpected(why);
      stop();
      return;
    }
    const auto delay = backoff_.next();
    callbacks_.on_interrupted(why, delay);
    retry_.expires_after(delay);
    retry_.async_wait([this](const boost::system::error_code& error) {
      if (!error) connect();
    });
    // Last, and in a later turn: `protocol_` may be the caller of this.
    asio::post(context_, [this, connection = connection_] {
      if (connection == connection_) protocol_->abandon();
    });
  }

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      await_signal();
      callbacks_.on_signal();
    });
  }

  Options options_;
  Callbacks callbacks_;
  Backoff backoff_;
  asio::io_context context_{1};
  asio::steady_timer retry_;
  asio::signal_set signals_;
  std::optional<SocketProtocol> protocol_;
  std::unique_ptr<WebSocket> socket_;
  std::uint64_t connection_ = 0;
  bool was_connected_ = false;
  Status result_;
};

Client::Client(Options options, Callbacks callbacks, Random& random)
    : state_(std::make_unique<State>(std::move(options), std::move(callbacks), random)) {}
Client::~Client() = default;

void Client::request(std::string_view event, std::string_view argument, Reply reply) {
  state_->request(event, argument, std::move(reply));
}
void Client::after(Millis delay, Task task) {
  state_->after(delay, std::move(task));
}
void Client::post(Task task) {
  state_->post(std::move(task));
}
void Client::reconnect(const Error& why) {
  state_->reconnect(why);
}
Status Client::run() {
  return state_->run();
}
void Client::stop() {
  state_->stop();
}

}  // namespace hawser::remote
