#include "cli/redis_probe.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "fake_server.h"

namespace hawser::cli {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

constexpr Millis kTimeout{2'000};

/// Answers commands as Redis does, but for those with an answer in `overrides`.
class FakeRedis {
 public:
  explicit FakeRedis(std::map<std::string, std::string> overrides = {}) : overrides_(std::move(overrides)) {}
  ~FakeRedis() {
    // Each ends when the probe hangs up.
    for (auto& thread : threads_) thread.join();
  }
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  void serve(tcp::socket socket) {
    // The accepting server goes before this fake does, so the connection moves over to the fake's context.
    auto own = std::make_shared<tcp::socket>(context_, tcp::v4(), socket.release());
    threads_.emplace_back([this, own = std::move(own)] { talk(own); });
  }

 private:
  void talk(const std::shared_ptr<tcp::socket>& socket) {
    std::string buffer;
    while (const auto words = read_command(*socket, buffer)) {
      const auto& command = words->front();
      const auto found = overrides_.find(command);
      const auto reply = found != overrides_.end() ? found->second : reply_to(*words, socket);
      boost::system::error_code ignored;
      boost::asio::write(*socket, boost::asio::buffer(reply), ignored);
    }
  }

  static std::string bulk(const std::string& text) { return fmt::format("${}\r\n{}\r\n", text.size(), text); }

  std::string reply_to(const std::vector<std::string>& words, const std::shared_ptr<tcp::socket>& socket) {
    const std::scoped_lock lock(mutex_);
    const auto& command = words[0];
    if (command == "PING") return "+PONG\r\n";
    if (command == "SET") {
      values_[words[1]] = words[2];
      return "+OK\r\n";
    }
    if (command == "GET") return bulk(values_[words[1]]);
    if (command == "DEL") return fmt::format(":{}\r\n", values_.erase(words[1]));
    if (command == "AUTH")
      return words.back() == "p@ss" ? "+OK\r\n" : "-WRONGPASS invalid username-password pair\r\n";
    if (command == "SELECT") return "+OK\r\n";
    if (command == "SUBSCRIBE") {
      subscriber_ = socket;
      return "*3\r\n" + bulk("subscribe") + bulk(words[1]) + ":1\r\n";
    }
    if (command == "PUBLISH") {
      boost::asio::write(*subscriber_,
                         boost::asio::buffer("*3\r\n" + bulk("message") + bulk(words[1]) + bulk(words[2])));
      return ":1\r\n";
    }
    return "-ERR unknown command\r\n";
  }

  static std::optional<std::vector<std::string>> read_command(tcp::socket& socket, std::string& buffer) {
    const auto line = read_line(socket, buffer);
    if (!line) return std::nullopt;
    std::vector<std::string> words;
    for (int left = std::stoi(line->substr(1)); left > 0; --left) {
      if (!read_line(socket, buffer)) return std::nullopt;
      const auto word = read_line(socket, buffer);
      if (!word) return std::nullopt;
      words.push_back(*word);
    }
    return words;
  }

  static std::optional<std::string> read_line(tcp::socket& socket, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n")) == std::string::npos) {
      std::array<char, 512> part{};
      boost::system::error_code error;
      const auto size = socket.read_some(boost::asio::buffer(part), error);
      if (error) return std::nullopt;
      buffer.append(part.data(), size);
    }
    auto line = buffer.substr(0, end);
    buffer.erase(0, end + 2);
    return line;
  }

  boost::asio::io_context context_;
  std::map<std::string, std::string> overrides_;
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
  std::shared_ptr<tcp::socket> subscriber_;
  std::vector<std::thread> threads_;
};

std::string probe(FakeRedis& redis, int connections, std::string_view userinfo = "") {
  FakeServer server(connections, [&](tcp::socket socket, int) { redis.serve(std::move(socket)); });
  const auto url = parse_redis_url(fmt::format("redis://{}127.0.0.1:{}/2", userinfo, server.port()));
  EXPECT_TRUE(url);
  const auto status = probe_redis(*url, "test", kTimeout);
  return status ? "ok" : status.error().message;
}

TEST(RedisProbe, passes_a_redis_that_works) {
  FakeRedis redis;
  EXPECT_EQ(probe(redis, 2), "ok");
}

TEST(RedisProbe, logs_in_with_a_percent_encoded_password) {
  FakeRedis redis;
  EXPECT_EQ(probe(redis, 2, "ann:p%40ss@"), "ok");
}

TEST(RedisProbe, names_the_step_that_failed) {
  struct Case {
    std::map<std::string, std::string> overrides;
    int connections;
    const char* message;
  };
  const Case cases[] = {
      {{{"PING", "-NOAUTH Authentication required.\r\n"}},
       1,
       "PING: the server says: NOAUTH Authentication required."},
      {{{"SET", "-MISCONF disk\r\n"}}, 1, "SET: the server says: MISCONF disk"},
      {{{"GET", "$-1\r\n"}}, 1, "GET: an unexpected answer"},
      {{{"PUBLISH", ":0\r\n"}}, 2, "PUBLISH: an unexpected answer"},
      {{{"PING", "HTTP/1.1 400 Bad Request\r\n\r\n"}}, 1, "PING: this is not Redis"},
      {{{"PING", "$99999999\r\n"}}, 1, "PING: this is not Redis"},
      {{{"PING", "*1\r\n*1\r\n*1\r\n*1\r\n"}}, 1, "PING: this is not Redis"},
      {{{"PING", std::string(5000, '+')}}, 1, "PING: this is not Redis"},
  };
  for (const auto& [overrides, connections, message] : cases) {
    FakeRedis redis(overrides);
    EXPECT_EQ(probe(redis, connections), message);
  }
}

TEST(RedisProbe, a_wrong_password_is_told_without_repeating_it) {
  FakeRedis redis;
  const auto message = probe(redis, 1, ":hunter2@");
  EXPECT_THAT(message, HasSubstr("WRONGPASS"));
  EXPECT_THAT(message, testing::Not(HasSubstr("hunter2")));
}

TEST(RedisProbe, a_mute_server_times_out) {
  FakeRedis redis(std::map<std::string, std::string>{{"PING", ""}});
  FakeServer server(1, [&](tcp::socket socket, int) { redis.serve(std::move(socket)); });
  const auto status =
      probe_redis(*parse_redis_url(fmt::format("redis://127.0.0.1:{}", server.port())), "test", Millis(50));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::timeout);
}

TEST(RedisUrl, reads_its_parts) {
  const auto full = parse_redis_url("redis://ann:p%3Aw@[::1]:7000/3");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 7000);
  EXPECT_EQ(full->user, "ann");
  EXPECT_EQ(full->password, "p:w");
  EXPECT_EQ(full->database, 3);
  const auto plain = parse_redis_url("redis://cache");
  EXPECT_EQ(plain->host, "cache");
  EXPECT_EQ(plain->port, 6379);
  EXPECT_EQ(parse_redis_url("redis://[::1]")->port, 6379);
  EXPECT_EQ(parse_redis_url("redis://:pw@h/")->password, "pw");
  for (const char* text : {"", "http://x", "redis://", "redis://h:0", "redis://h/x", "redis://h/-1",
                           "redis://%zz@h", "redis://%4@h", "rediss://h"}) {
    EXPECT_FALSE(parse_redis_url(text)) << text;
  }
}

}  // namespace
}  // namespace hawser::cli
