#include "remote/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <vector>

#include "cli/job_follower.h"
#include "fake_server.h"
#include "runtime/system.h"

namespace hawser::cli {
namespace {

using remote::Client;

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Socket = boost::asio::ip::tcp::socket;
using testing::ElementsAre;
using testing::HasSubstr;

/// The server's end of one connection, past the handshakes.
class Peer {
 public:
  explicit Peer(Socket socket, int ping_ms = 10'000) : stream_(std::move(socket)) {
    stream_.accept();
    send(
        fmt::format(R"(0{{"sid":"s","upgrades":[],"pingInterval":{},"pingTimeout":{},"maxPayload":1000000}})",
                    ping_ms, ping_ms));
    connect_ = read();
  }
  const std::string& connect() const { return connect_; }
  void accept() { send(R"(40{"sid":"x"})"); }
  void send(const std::string& text) {
    beast::error_code ignored;
    stream_.write(boost::asio::buffer(text), ignored);
  }
  /// Empty when the client has gone.
  std::string read() {
    beast::flat_buffer buffer;
    beast::error_code error;
    stream_.read(buffer, error);
    return error ? "" : beast::buffers_to_string(buffer.data());
  }
  void close(websocket::close_code code) {
    beast::error_code ignored;
    stream_.close(code, ignored);
  }

 private:
  websocket::stream<Socket> stream_;
  std::string connect_;
};

Client::Options options_for(std::uint16_t port) {
  return {.url = *parse_web_url(fmt::format("http://127.0.0.1:{}", port)), .token = "secret-token"};
}
Client::Options options_for(const FakeServer& server) {
  return options_for(server.port());
}

Client::Callbacks no_callbacks() {
  return {.on_connected = [] {},
          .on_interrupted = [](const Error&, Millis) {},
          .on_event = [](std::string_view, std::string_view) {},
          .on_signal = [] {}};
}

TEST(Client, a_refused_token_ends_it_with_the_servers_words_and_without_the_token) {
  FakeServer server(1, [](Socket socket, int) {
    Peer peer(std::move(socket));
    EXPECT_EQ(peer.connect(), R"(40{"token":"secret-token"})");
    peer.send(R"(44{"message":"Authentication failed"})");
    peer.read();
  });
  Client client(options_for(server), no_callbacks(), runtime::system_random());
  const auto status = client.run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unauthorized);
  EXPECT_EQ(status.error().message, "Authentication failed");
}

TEST(Client, nobody_there_is_an_error_at_once) {
  std::uint16_t port = 0;
  {
    boost::asio::io_context context;
    const boost::asio::ip::tcp::acceptor gone(context, {boost::asio::ip::address_v4::loopback(), 0});
    port = gone.local_endpoint().port();
  }
  Client client(options_for(port), no_callbacks(), runtime::system_random());
  const auto status = client.run();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::unavailable);
  EXPECT_THAT(status.error().message, HasSubstr("Connection refused"));
}

TEST(Client, a_server_without_web_sockets_is_named_and_a_busy_one_is_tried_again) {
  const auto answer = [](Socket& socket, beast::http::status status) {
    beast::flat_buffer buffer;
    beast::http::request<beast::http::string_body> request;
    beast::http::read(socket, buffer, request);
    EXPECT_EQ(request.target(), "/socket.io/?EIO=4&transport=websocket");
    beast::http::response<beast::http::string_body> response(status, 11);
    response.prepare_payload();
    beast::http::write(socket, response);
  };
  FakeServer server(2, [&](Socket socket, int index) {
    answer(socket, index == 0 ? beast::http::status::service_unavailable : beast::http::status::not_found);
  });
  auto callbacks = no_callbacks();
  std::vector<Errc> interruptions;
  callbacks.on_interrupted = [&](const Error& why, Millis) { interruptions.push_back(why.code); };
  Client client(options_for(server), std::move(callbacks), runtime::system_random());
  const auto status = client.run();
  ASSERT_FALSE(status);
  EXPECT_THAT(interruptions, ElementsAre(Errc::overloaded));
  EXPECT_THAT(status.error().message, HasSubstr("HTTP 404"));
}

TEST(Client, a_silent_server_is_noticed_and_left) {
  FakeServer server(2, [](Socket socket, int index) {
    Peer peer(std::move(socket), 150);
    peer.accept();
    if (index == 1) peer.send(R"(42["enough"])");
    EXPECT_EQ(peer.read(), "") << "no pings, so the client goes";
  });
  auto callbacks = no_callbacks();
  std::string why;
  Client* running = nullptr;
  callbacks.on_interrupted = [&](const Error& error, Millis) { why = error.message; };
  callbacks.on_event = [&](std::string_view, std::string_view) { running->stop(); };
  {
    Client client(options_for(server), std::move(callbacks), runtime::system_random());
    running = &client;
    EXPECT_TRUE(client.run());
  }
  EXPECT_THAT(why, HasSubstr("is silent"));
}

TEST(Client, a_request_without_an_answer_times_out) {
  FakeServer server(1, [](Socket socket, int) {
    Peer peer(std::move(socket));
    peer.accept();
    EXPECT_EQ(peer.read(), R"(420["ask",{"a":1}])");
    peer.read();
  });
  auto options = options_for(server);
  options.ack_timeout = Millis(50);
  auto callbacks = no_callbacks();
  Client* running = nullptr;
  Errc code{};
  callbacks.on_connected = [&] {
    running->request("ask", R"({"a":1})", [&](Result<std::string> answer) {
      code = answer.error().code;
      running->stop();
    });
  };
  {
    Client client(std::move(options), std::move(callbacks), runtime::system_random());
    running = &client;
    EXPECT_TRUE(client.run());
  }
  EXPECT_EQ(code, Errc::timeout);
}

TEST(Client, follows_a_job_over_cut_connections_and_shows_every_chunk_once) {
  const std::string id = "job_0123456789abcdef0123456789abcdef";
  constexpr int kLast = 40;
  const auto chunk = [&](int sequence) {
    return fmt::format(R"(42["job:chunk",{{"jobId":"{}","payload":{{"chunk":"{} "}},"sequence":{}}},"o"])",
                       id, sequence, sequence);
  };
  std::vector<std::string> keys;
  // Each connection replays what was asked for, goes on for ten chunks, and is cut in another way.
  FakeServer server(5, [&](Socket socket, int index) {
    Peer peer(std::move(socket));
    peer.accept();
    const auto first = peer.read();
    if (index < 2) {
      keys.push_back(first.substr(first.find('[')));
      if (index == 0) return;  // The answer to the start is lost.
      peer.send(fmt::format(R"(430[{{"jobId":"{}"}}])", id));
    }
    const auto sync = index < 2 ? peer.read() : first;
    const auto at = sync.find("\"lastSequence\":");
    ASSERT_NE(at, std::string::npos) << sync;
    const int last = std::stoi(sync.substr(at + 15));
    peer.send(chunk(last));  // A repeat, which must not be shown.
    for (int i = last + 1; i <= std::min(last + 10 + index, kLast); ++i) peer.send(chunk(i));
    if (index == 2) peer.close(websocket::close_code::going_away);
    if (index == 3) peer.send("1");
    if (index == 4) {
      peer.send(fmt::format(R"(42["job:completed",{{"jobId":"{}","payload":{{"result":1}},"sequence":{}}}])",
                            id, kLast + 1));
    }
    if (index > 2) peer.read();
  });

  std::ostringstream out;
  std::ostringstream err;
  Printer printer(out, err, {});
  std::optional<JobFollower> follower;
  {
    Client client(
        options_for(server),
        {.on_connected = [&] { follower->on_connected(); },
         .on_interrupted = [&](const Error& why, Millis in) { follower->on_interrupted(why, in); },
         .on_event = [&](std::string_view event, std::string_view body) { follower->on_event(event, body); },
         .on_signal = [] {}},
        runtime::system_random());
    follower.emplace(
        JobFollower::Link{
            .request = [&](std::string_view event, std::string_view argument,
                           JobFollower::Reply reply) { client.request(event, argument, std::move(reply)); },
            .after = [&](Millis delay, Task task) { client.after(delay, std::move(task)); },
            .stop = [&] { client.stop(); }},
        printer, JobFollower::NewJob{"test-job", "{}", "key"});
    EXPECT_TRUE(client.run());
  }
  EXPECT_EQ(follower->outcome(), ExitCode::completed) << err.str();
  std::string expected;
  for (int i = 1; i <= kLast; ++i) expected += fmt::format("{} ", i);
  EXPECT_EQ(out.str(), expected);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0], keys[1]) << "the same idempotency key";
  EXPECT_THAT(err.str(), HasSubstr("The server is restarting."));
}

}  // namespace
}  // namespace hawser::cli
