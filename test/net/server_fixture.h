#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/server.h"
#include "net/session_id.h"
#include "runtime/asio_loop.h"
#include "runtime/system.h"
#include "test/support/raw_client.h"
#include "test/support/tls_certificate.h"

namespace hawser::net {

using namespace std::chrono_literals;

/// Lines written on the loops and awaited by the test.
class Journal {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return lines_.size() >= count; });
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// Sends every message back. `close:REASON` closes instead, with the reason of that number.
class EchoHandler final : public ChannelHandler {
 public:
  EchoHandler(Channel& channel, Journal& closed) : channel_(channel), closed_(closed) {}

  void on_message(std::string_view message, bool binary) override {
    EXPECT_FALSE(std::exchange(in_call_, true)) << "a nested call";
    if (message.starts_with("close:")) {
      channel_.close(static_cast<CloseReason>(message[6] - '0'));
    } else {
      channel_.send(share(std::string(message)), binary);
    }
    in_call_ = false;
  }
  bool is_authenticated() const override { return true; }
  void on_writable() override { EXPECT_FALSE(in_call_) << "a nested call"; }
  void on_closed(std::string_view reason) override {
    EXPECT_FALSE(in_call_) << "a nested call";
    closed_.add(std::string(reason));
  }

 private:
  Channel& channel_;
  Journal& closed_;
  bool in_call_ = false;
};

/// A certificate made once a process.
inline const test::TlsCertificate& test_certificate() {
  static const test::TlsCertificate certificate;
  return certificate;
}

inline std::shared_ptr<const TlsContext> make_tls(const test::TlsCertificate& certificate) {
  auto context = TlsContext::with_certificates(certificate.certificate());
  EXPECT_TRUE(context) << context.error().message;
  const auto status = context->use_key(certificate.key());
  EXPECT_TRUE(status) << status.error().message;
  return std::make_shared<const TlsContext>(std::move(*context));
}

/// A server on loopback with as many loops as the test asks for. The whole suite runs a second time over
/// TLS, with HAWSER_TEST_TLS set.
class ServerTest : public testing::TestWithParam<std::size_t> {
 protected:
  ServerTest() {
    if (std::getenv("HAWSER_TEST_TLS") != nullptr) tls_ = make_tls(test_certificate());
    std::signal(SIGPIPE, SIG_IGN);  // The client's OpenSSL does not ask for less.
  }
  ~ServerTest() override { shut_down(); }

  void start(std::size_t loop_count = 1) {
    if (!make_handler_) {
      make_handler_ = [this](Loop&, Channel& channel, const HandshakeInfo&) {
        return std::make_unique<EchoHandler>(channel, closed_);
      };
    }
    std::vector<runtime::AsioLoop*> loops;
    for (std::size_t i = 0; i < loop_count; ++i) {
      loops_.push_back(std::make_unique<runtime::AsioLoop>(i, runtime::system_clock()));
      loops.push_back(loops_.back().get());
    }
    server_ = std::make_unique<Server>(config_, loops, runtime::system_random(), endpoints(), routes_, service_);
    if (tls_) server_->use_tls(tls_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
    for (auto* loop : loops) threads_.emplace_back([loop] { loop->run(); });
  }
  void shut_down() {
    if (server_) server_->stop(CloseReason::going_away, std::chrono::steady_clock::now() + 50ms);
    server_.reset();
    for (const auto& loop : loops_) loop->stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    loops_.clear();
  }

  /// The same application at two places.
  std::vector<Endpoint> endpoints() const {
    return {{"/socket.io/", make_handler_}, {"/engine.io/", make_handler_}};
  }

  test::RawClient connect(int receive_buffer = 0) {
    test::RawClient client(server_->port(), receive_buffer);
    if (tls_) client.secure(client_tls_.get());
    return client;
  }

  static std::string sid_in(std::string_view open_packet) {
    const auto at = open_packet.find("\"sid\":\"");
    return std::string(open_packet.substr(at + 7, kSidSize));
  }
  std::string open_polling(test::RawClient& client) { return sid_in(client.get(kPolling).body); }
  /// A connection that was accepted by this core.
  test::RawClient connect_to_core(std::size_t core) {
    while (true) {
      auto client = connect();
      if (core_of_sid(open_polling(client)) == core) return client;
    }
  }
  static std::string polling(const std::string& sid) { return std::string(kPolling) + "&sid=" + sid; }
  static std::string websocket(const std::string& sid) { return std::string(kWebSocket) + "&sid=" + sid; }

  /// Polls until a message comes, past the noops of an upgrade.
  static std::string poll_message(test::RawClient& client, const std::string& sid) {
    while (true) {
      auto response = client.get(polling(sid));
      if (response.status != 200 || response.body != "6") return response.body;
    }
  }

  static constexpr const char* kPolling = "/socket.io/?EIO=4&transport=polling";
  static constexpr const char* kWebSocket = "/socket.io/?EIO=4&transport=websocket";

  ServerConfig config_;
  std::shared_ptr<const TlsContext> tls_;  ///< null: plain
  test::ClientTls client_tls_ = test::client_tls();
  ChannelHandlerFactory make_handler_;
  HttpRoutes routes_ = [](const HttpRequest& request) {
    HttpResponse response;
    response.status = request.path == "/missing" ? 404 : 200;
    response.content_type = "text/plain";
    response.body =
        share(request.method + ' ' + request.path + ' ' + request.query + ' ' + request.authorization);
    response.headers.emplace_back("X-Test", "yes");
    return response;
  };
  HttpService service_;
  Journal closed_;
  std::vector<std::unique_ptr<runtime::AsioLoop>> loops_;
  std::unique_ptr<Server> server_;
  std::vector<std::thread> threads_;
};

}  // namespace hawser::net
