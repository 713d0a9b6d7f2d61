#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_body.h"

namespace hawser::net {

/// What we use of a request's first line and headers. Absent headers are empty.
struct HttpHead {
  std::string method;
  std::string path;   ///< percent-decoded
  std::string query;  ///< raw, without '?'
  bool http_1_0 = false;
  bool keep_alive = true;
  bool has_body = false;
  std::optional<std::size_t> body_size;  ///< nothing when the body comes in chunks
  bool is_forwarded = false;             ///< a proxy says that it sent this for somebody else
  bool expects_continue = false;
  std::string host, origin, content_type, authorization, requested_headers;
  /// GET with the Upgrade and Connection headers of RFC 6455; key and version are still to be checked.
  bool wants_websocket = false;
  std::string websocket_key, websocket_version, websocket_extensions;
};

/// Reads HTTP/1.x requests of one connection, one after the other. Framing is strict: whatever two
/// implementations could take differently (both lengths, repeated lengths, folded headers, bare line
/// feeds, other transfer codings) is refused, so that no request can be smuggled. Sans-I/O; parsing the head
/// is Boost.Beast's. Its parser of chunks is not used: that of Boost 1.81 ends the process at a last chunk
/// which arrives in pieces (github.com/boostorg/beast/pull/2861).
class HttpReader {
 public:
  explicit HttpReader(std::size_t max_body);

  enum class Progress : std::uint8_t {
    need_more,
    head,      ///< `head()` is known; call `feed` again, even without bytes
    complete,  ///< `body()` is too; call `reset` before the next request
    failed     ///< answer `status()` and close: where the request ends is not known
  };
  /// Takes bytes of the current request from the front.
  Progress feed(std::string_view& bytes);
  void reset();
  /// Frees what it holds; all that still comes of the request is thrown away, and there will be no next.
  void give_up();

  const HttpHead& head() const { return head_; }
  /// Of a complete request.
  std::string& body() { return body_->text(); }
  int status() const { return status_; }
  /// Bytes that are kept of a request that is not complete.
  std::size_t buffered_bytes() const;
  /// Whether a part of a request was read.
  bool is_started() const { return !pending_.empty() || body_; }

 private:
  Progress read_head(std::string_view& bytes);
  Progress parse_head();
  Progress read_body(std::string_view& bytes);
  Progress fail(int status);

  std::size_t max_body_;
  std::string pending_;  ///< an incomplete head
  HttpHead head_;
  std::optional<HttpBody> body_;  ///< there once the head is
  int status_ = 0;
  bool given_up_ = false;
};

}  // namespace hawser::net
