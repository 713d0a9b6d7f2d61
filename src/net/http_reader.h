#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hawser::net {

/// What we use of a request's first line and headers. Absent headers are empty.
struct HttpHead {
  std::string method;
  std::string path;   ///< percent-decoded
  std::string query;  ///< raw, without '?'
  bool http_1_0 = false;
  bool keep_alive = true;
  bool has_body = false;
  bool expects_continue = false;
  std::string host, origin, content_type, authorization, requested_headers;
  /// GET with the Upgrade and Connection headers of RFC 6455; key and version are still to be checked.
  bool wants_websocket = false;
  std::string websocket_key, websocket_version;
};

/// Reads HTTP/1.x requests of one connection, one after the other. Framing is strict: whatever two
/// implementations could take differently (both lengths, repeated lengths, folded headers, bare line
/// feeds, other transfer codings) is refused, so that no request can be smuggled. Sans-I/O; parsing proper
/// is Boost.Beast's.
class HttpReader {
 public:
  explicit HttpReader(std::size_t max_body);
  ~HttpReader();

  enum class Progress : std::uint8_t {
    need_more,
    head,      ///< `head()` is known; call `feed` again, even without bytes
    complete,  ///< `body()` is too; call `reset` before the next request
    failed     ///< answer `status()` and close: where the request ends is not known
  };
  /// Takes bytes of the current request from the front.
  Progress feed(std::string_view& bytes);
  void reset();

  const HttpHead& head() const { return head_; }
  std::string& body() { return body_; }
  int status() const { return status_; }
  /// Whether a part of a request was read.
  bool is_started() const { return !pending_.empty() || parser_ != nullptr; }

 private:
  struct Parser;

  Progress read_head(std::string_view& bytes);
  Progress parse_head();
  int check_head() const;
  void copy_head();
  Progress read_body(std::string_view& bytes);
  Progress fail(int status);

  std::size_t max_body_;
  std::string pending_;  ///< an incomplete head, or an incomplete chunk header
  std::unique_ptr<Parser> parser_;
  HttpHead head_;
  std::string body_;
  int status_ = 0;
};

}  // namespace hawser::net
