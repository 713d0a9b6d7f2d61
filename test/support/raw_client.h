#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace hawser::test {

struct RawResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct RawFrame {
  int opcode = 0;
  std::string payload{};
  bool compressed = false;  ///< RSV1

  std::uint16_t close_code() const {
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
  }
};

/// A blocking client on a bare TCP socket, or over TLS, that can also say what no honest client says. Every
/// wait ends after ten seconds with an exception, so that a hanging test fails by name.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : RawClient(Unconnected()) {
    if (receive_buffer > 0) set(SOL_SOCKET, SO_RCVBUF, receive_buffer);
    connect(port);
  }
  /// From this address of this machine, for example 127.0.0.2.
  RawClient(std::uint16_t port, const char* source) : RawClient(Unconnected()) {
    const auto address = at(source, 0);
    if (::bind(descriptor_, &address, sizeof(address)) != 0) throw std::runtime_error("bind failed");
    connect(port);
  }
  /// A socket that has its descriptor and nothing else; `connect` goes on.
  struct Unconnected {};
  explicit RawClient(Unconnected) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval timeout{10, 0};
    set(SOL_SOCKET, SO_RCVTIMEO, timeout);
    set(SOL_SOCKET, SO_SNDTIMEO, timeout);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
  }
  void connect(std::uint16_t port) {
    const auto address = at("127.0.0.1", port);
    if (::connect(descriptor_, &address, sizeof(address)) != 0) throw std::runtime_error("connect failed");
  }
  int descriptor() const { return descriptor_; }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)),
        tls_(std::move(other.tls_)),
        buffer_(std::move(other.buffer_)) {}
  RawClient& operator=(RawClient&&) = delete;

  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  /// The next close sends a reset.
  void reset() {
    set(SOL_SOCKET, SO_LINGER, linger{1, 0});
    close();
  }
  void shut_down_sending() {
    if (tls_) SSL_shutdown(tls_.get());
    ::shutdown(descriptor_, SHUT_WR);
  }

  /// Goes on over TLS. False when the server refuses the handshake.
  bool try_secure(SSL_CTX* context, SSL_SESSION* resumed = nullptr) {
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), descriptor_);
    if (resumed != nullptr) SSL_set_session(tls_.get(), resumed);
    return SSL_connect(tls_.get()) == 1;
  }
  void secure(SSL_CTX* context) {
    if (!try_secure(context)) throw std::runtime_error("TLS handshake failed");
  }
  SSL* tls() { return tls_.get(); }

  void send(std::string_view bytes) {
    if (!try_send(bytes)) throw std::runtime_error("send failed");
  }
  bool try_send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  std::string read(std::size_t size) {
    while (buffer_.size() < size) fill_or_throw();
    auto bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return bytes;
  }
  /// Reads until the server ends the connection; what was left unread is returned.
  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }

  // --- HTTP ---

  void request(std::string_view method, std::string_view target, std::string_view body = "",
               std::string_view headers = "") {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(headers);
    if (method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    text.append("\r\n").append(body);
    send(text);
  }
  RawResponse response(bool has_body = true) {
    const auto head = read_head();
    RawResponse result;
    result.status = std::stoi(head.substr(9, 3));
    for (auto at = head.find("\r\n") + 2; at < head.size() - 2;) {
      const auto end = head.find("\r\n", at);
      add_header(result, head.substr(at, end - at));
      at = end + 2;
    }
    if (has_body && !result.header("content-length").empty()) {
      result.body = read(std::stoul(result.header("content-length")));
    }
    return result;
  }
  RawResponse get(std::string_view target, std::string_view headers = "") {
    request("GET", target, "", headers);
    return response();
  }
  RawResponse post(std::string_view target, std::string_view body, std::string_view headers = "") {
    request("POST", target, body, headers);
    return response();
  }

  // --- WebSocket ---

  static std::string upgrade_request(std::string_view target, std::string_view headers = "") {
    return std::string("GET ").append(target).append(
               " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: "
               "websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") +
           std::string(headers) + "\r\n";
  }
  RawResponse upgrade(std::string_view target, std::string_view headers = "") {
    send(upgrade_request(target, headers));
    return response();
  }
  /// A masked frame; `first_byte` is FIN, RSV and opcode.
  static std::string frame(int first_byte, std::string_view payload) {
    std::string out(1, static_cast<char>(first_byte));
    if (payload.size() < 126) {
      out += static_cast<char>(0x80U | payload.size());
    } else {
      const std::size_t width = payload.size() > 0xffff ? 8 : 2;
      out += static_cast<char>(width == 8 ? 0xff : 0xfe);
      for (std::size_t i = 0; i < width; ++i)
        out += static_cast<char>(payload.size() >> (8 * (width - 1 - i)));
    }
    constexpr std::string_view kMask = "\x11\x22\x33\x44";
    out += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
    return out;
  }
  void send_text(std::string_view text) { send(frame(0x81, text)); }
  void send_binary(std::string_view bytes) { send(frame(0x82, bytes)); }
  RawFrame read_frame() {
    const auto start = read(2);
    std::size_t size = static_cast<unsigned char>(start[1]);
    if (size >= 126) {
      const auto length = read(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size << 8U | static_cast<unsigned char>(c);
    }
    const auto first = static_cast<unsigned char>(start[0]);
    return {first & 0x0f, read(size), (first & 0x40) != 0};
  }
  std::string read_text() {
    auto frame = read_frame();
    if (frame.opcode != 1) throw std::runtime_error("expected a text frame");
    return std::move(frame.payload);
  }

 private:
  template <class T>
  void set(int level, int name, const T& value) {
    ::setsockopt(descriptor_, level, name, &value, sizeof(value));
  }
  static sockaddr at(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    sockaddr generic{};
    static_assert(sizeof(generic) == sizeof(address));
    __builtin_memcpy(&generic, &address, sizeof(address));
    return generic;
  }
  std::string read_head() {
    auto end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill_or_throw();
    return read(end + 4);
  }
  static void add_header(RawResponse& response, const std::string& line) {
    auto name = line.substr(0, line.find(':'));
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    auto& value = response.headers[name];
    if (!value.empty()) value += ", ";
    value += line.substr(line.find(':') + 2);
  }
  /// False at the end of the stream.
  bool fill() {
    char bytes[16 * 1024];
    const auto count =
        tls_ ? SSL_read(tls_.get(), bytes, sizeof(bytes)) : ::recv(descriptor_, bytes, sizeof(bytes), 0);
    const bool late = tls_ ? count < 0 && SSL_get_error(tls_.get(), -1) == SSL_ERROR_WANT_READ
                           : count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (late) throw std::runtime_error("nothing came in time");
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  void fill_or_throw() {
    if (!fill()) throw std::runtime_error("the server closed the connection");
  }

  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };

  int descriptor_ = -1;
  std::unique_ptr<SSL, FreeTls> tls_;  ///< null: plain
  std::string buffer_;
};

}  // namespace hawser::test
