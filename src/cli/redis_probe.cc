#include "cli/redis_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <vector>

#include "base/web_url.h"
#include "cli/tcp_probe.h"

namespace hawser::cli {
namespace {

constexpr std::size_t kMaxReply = 65'536;
constexpr std::size_t kMaxLine = 4'096;
constexpr int kMaxItems = 64;

/// One connection speaking RESP2: commands as arrays, replies flattened to their texts.
class RedisConnection {
 public:
  static Result<RedisConnection> open(const RedisUrl& url, Millis timeout) {
    auto probe = TcpProbe::connect(url.host, url.port, timeout);
    if (!probe) return std::unexpected(probe.error());
    RedisConnection connection(std::move(*probe));
    if (auto status = connection.log_in(url); !status) return std::unexpected(status.error());
    return connection;
  }

  Status send(std::initializer_list<std::string_view> words) {
    std::string text = fmt::format("*{}\r\n", words.size());
    for (const auto word : words) text += fmt::format("${}\r\n{}\r\n", word.size(), word);
    return probe_.send(text);
  }

  /// An error reply is an error; an array is its items, one after the other.
  Result<std::vector<std::string>> reply() {
    std::vector<std::string> items;
    if (auto status = read_value(items, 0); !status) return std::unexpected(status.error());
    return items;
  }

  /// Sends and expects exactly this answer.
  Status expect(std::string_view step, std::initializer_list<std::string_view> words,
                std::string_view wanted) {
    if (auto status = send(words); !status) return named(step, status.error());
    const auto answer = reply();
    if (!answer) return named(step, answer.error());
    if (answer->empty() || answer->front() != wanted) {
      return fail(Errc::unavailable, fmt::format("{}: an unexpected answer", step));
    }
    return {};
  }

  static Status named(std::string_view step, const Error& error) {
    return fail(error.code, fmt::format("{}: {}", step, error.message));
  }

 private:
  explicit RedisConnection(TcpProbe probe) : probe_(std::move(probe)) {}

  Status log_in(const RedisUrl& url) {
    if (!url.password.empty()) {
      auto status = url.user.empty() ? expect("AUTH", {"AUTH", url.password}, "OK")
                                     : expect("AUTH", {"AUTH", url.user, url.password}, "OK");
      if (!status) return status;
    }
    if (url.database == 0) return {};
    return expect("SELECT", {"SELECT", std::to_string(url.database)}, "OK");
  }

  Status fill() {
    auto part = probe_.receive();
    if (!part) return std::unexpected(part.error());
    if (part->empty()) return fail(Errc::unavailable, "the server closed the connection");
    buffer_ += *part;
    return {};
  }

  Result<std::string> read_line() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (buffer_.size() > kMaxLine) return not_redis();
      if (auto status = fill(); !status) return std::unexpected(status.error());
    }
    auto line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }

  Result<std::string> read_bytes(std::size_t size) {
    while (buffer_.size() < size + 2) {
      if (auto status = fill(); !status) return std::unexpected(status.error());
    }
    auto bytes = buffer_.substr(0, size);
    buffer_.erase(0, size + 2);
    return bytes;
  }

  Status read_value(std::vector<std::string>& items, int depth) {
    const auto line = read_line();
    if (!line) return std::unexpected(line.error());
    if (line->empty()) return not_redis();
    const auto rest = std::string_view(*line).substr(1);
    switch (line->front()) {
      case '+':
      case ':': items.emplace_back(rest); return {};
      case '-': return fail(Errc::unavailable, fmt::format("the server says: {}", rest));
      case '$': return read_bulk(items, rest);
      case '*': return read_array(items, rest, depth);
      default: return not_redis();
    }
  }

  static std::optional<int> number(std::string_view text, int max) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < -1 || value > max)
      return std::nullopt;
    return value;
  }

  Status read_bulk(std::vector<std::string>& items, std::string_view length) {
    const auto size = number(length, kMaxReply);
    if (!size) return not_redis();
    if (*size < 0) {
      items.emplace_back();
      return {};
    }
    auto bytes = read_bytes(static_cast<std::size_t>(*size));
    if (!bytes) return std::unexpected(bytes.error());
    items.push_back(std::move(*bytes));
    return {};
  }

  Status read_array(std::vector<std::string>& items, std::string_view length, int depth) {
    const auto count = number(length, kMaxItems);
    if (!count || depth > 2) return not_redis();
    for (int i = 0; i < *count; ++i) {
      if (auto status = read_value(items, depth + 1); !status) return status;
    }
    return {};
  }

  static std::unexpected<Error> not_redis() { return fail(Errc::unavailable, "this is not Redis"); }

  TcpProbe probe_;
  std::string buffer_;
};

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

Status read_userinfo(std::string_view text, RedisUrl& url) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto user = percent_decoded(text.substr(0, colon));
  const auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) return fail(Errc::config, "the Redis URL has a broken % sequence.");
  url.user = *user == "default" ? "" : *user;
  url.password = *password;
  return {};
}

Status probe_keys(RedisConnection& redis, std::string_view name) {
  const auto key = fmt::format("hawser:doctor:{}", name);
  if (auto status = redis.expect("PING", {"PING"}, "PONG"); !status) return status;
  if (auto status = redis.expect("SET", {"SET", key, "1", "EX", "10"}, "OK"); !status) return status;
  if (auto status = redis.expect("GET", {"GET", key}, "1"); !status) return status;
  return redis.expect("DEL", {"DEL", key}, "1");
}

Status probe_messages(RedisConnection& publisher, const RedisUrl& url, std::string_view name,
                      Millis timeout) {
  const auto channel = fmt::format("hawser:doctor:{}", name);
  auto subscriber = RedisConnection::open(url, timeout);
  if (!subscriber) return RedisConnection::named("second connection", subscriber.error());
  if (auto status = subscriber->expect("SUBSCRIBE", {"SUBSCRIBE", channel}, "subscribe"); !status)
    return status;
  if (auto status = publisher.expect("PUBLISH", {"PUBLISH", channel, "hello"}, "1"); !status) return status;
  const auto message = subscriber->reply();
  if (!message) return RedisConnection::named("pub/sub", message.error());
  if (*message != std::vector<std::string>{"message", channel, "hello"}) {
    return fail(Errc::unavailable, "pub/sub: another message arrived");
  }
  return {};
}

}  // namespace

Result<RedisUrl> parse_redis_url(std::string_view text) {
  constexpr std::string_view kScheme = "redis://";
  if (text.starts_with("rediss://")) {
    return fail(Errc::config,
                "rediss:// (TLS) is not checked by this version; use redis:// or a local proxy.");
  }
  if (!text.starts_with(kScheme)) return fail(Errc::config, "the Redis URL begins with redis://.");
  text.remove_prefix(kScheme.size());
  RedisUrl url;
  const auto path_at = std::min(text.find('/'), text.size());
  auto path = text.substr(path_at);
  auto authority = text.substr(0, path_at);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto status = read_userinfo(authority.substr(0, at), url); !status)
      return std::unexpected(status.error());
    authority.remove_prefix(at + 1);
  }
  // Host and port are spelt as on the web; only the default port is another one.
  const bool has_port = authority.rfind(':') != std::string_view::npos && !authority.ends_with(']');
  const auto web = parse_web_url(fmt::format("http://{}", authority));
  if (!web) return fail(Errc::config, fmt::format("the Redis URL: {}", web.error().message));
  url.host = web->host;
  if (has_port) url.port = web->port;
  if (path.size() > 1) {
    const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), url.database);
    if (error != std::errc() || end != path.data() + path.size() || url.database < 0) {
      return fail(Errc::config, "the Redis URL ends in /N, N being the number of a database.");
    }
  }
  return url;
}

Status probe_redis(const RedisUrl& url, std::string_view name, Millis timeout) {
  auto redis = RedisConnection::open(url, timeout);
  if (!redis) return std::unexpected(redis.error());
  if (auto status = probe_keys(*redis, name); !status) return status;
  return probe_messages(*redis, url, name, timeout);
}

}  // namespace hawser::cli
