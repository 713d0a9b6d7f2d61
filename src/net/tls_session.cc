#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/limits.h"
#include "net/tls_context.h"
#include "net/write_queue.h"

namespace hawser::net {
namespace {

/// A drained buffer above this gives its memory back: connections are many and mostly idle.
constexpr std::size_t kKeptCapacity = 1024;

/// For people who forgot the "s".
constexpr std::string_view kPlainHttpAnswer =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 42\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS: use https or wss.\n";

}  // namespace

/// A BIO on the descriptor. Writing always succeeds, into `unsent_`: what OpenSSL has sealed is ours to send,
/// all of a turn in one call and without its rules for repeated writes.
struct TlsSession::Transport {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
    session(bio).unsent_.append(bytes, size);
    *written = size;
    return 1;
  }

  static int read(BIO* bio, char* out, std::size_t size, std::size_t* count) {
    auto& self = session(bio);
    BIO_clear_retry_flags(bio);
    // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): MSG_DONTWAIT never blocks.
    const auto got = self.may_read_ == 0 ? -1 : ::recv(self.descriptor_, out, size, MSG_DONTWAIT);
    if (got > 0) {
      *count = static_cast<std::size_t>(got);
      self.may_read_ -= std::min(self.may_read_, *count);
      return 1;
    }
    self.peer_ended_ = got == 0;
    const bool budget_spent = self.may_read_ == 0;
    self.kernel_is_empty_ = !budget_spent && got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (budget_spent || self.kernel_is_empty_ || (got < 0 && errno == EINTR)) BIO_set_retry_read(bio);
    return 0;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return session(bio).peer_ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static const BIO_METHOD* const made = [] {
      auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "connection");
      BIO_meth_set_write_ex(method, write);
      BIO_meth_set_read_ex(method, read);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }
};

void TlsSession::Free::operator()(SSL* ssl) const {
  SSL_free(ssl);
}

std::unique_ptr<TlsSession> TlsSession::accept(const TlsContext& context, int descriptor) {
  std::unique_ptr<TlsSession> session(new TlsSession(descriptor));
  session->ssl_.reset(SSL_new(context.native()));
  auto* bio = BIO_new(Transport::method());
  if (!session->ssl_ || bio == nullptr) {
    BIO_free(bio);
    return nullptr;
  }
  BIO_set_data(bio, session.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(session->ssl_.get(), bio, bio);
  SSL_set_accept_state(session->ssl_.get());
  return session;
}

TlsSession::~TlsSession() = default;

bool TlsSession::is_established() const {
  return SSL_is_init_finished(ssl_.get()) == 1;
}

Received TlsSession::receive(std::span<char> out) {
  drained_ = false;
  may_read_ = out.size();
  std::size_t filled = 0;
  while (filled < out.size()) {
    ERR_clear_error();
    std::size_t count = 0;
    if (SSL_read_ex(ssl_.get(), out.data() + filled, out.size() - filled, &count) != 1) {
      return stop(SSL_get_error(ssl_.get(), 0), filled);
    }
    filled += count;
  }
  return {IoStatus::done, filled};
}

/// `error` ended the reading; `filled` bytes were there before it.
Received TlsSession::stop(int error, std::size_t filled) {
  if (error == SSL_ERROR_WANT_READ) {
    // A peer that only sends what needs an answer of TLS, and never reads.
    if (unsent_.size() > 2 * limits::kTlsUnsent) return {IoStatus::failed};
    drained_ = kernel_is_empty_;
    return {filled == 0 && drained_ ? IoStatus::blocked : IoStatus::done, filled};
  }
  if (filled > 0) return {IoStatus::done, filled};  // The next call meets the end again.
  if (error == SSL_ERROR_ZERO_RETURN) return {IoStatus::ended};
  const auto code = ERR_peek_error();
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST) {
    unsent_ = kPlainHttpAnswer;
  }
  if (const char* reason = ERR_reason_error_string(code)) spdlog::debug("TLS with a peer failed: {}", reason);
  ERR_clear_error();
  failed_ = true;
  flush();  // The alert that tells the peer why.
  return {IoStatus::failed};
}

IoStatus TlsSession::send(WriteQueue& queue) {
  while (true) {
    if (const auto status = flush(); status != IoStatus::done || queue.empty()) return status;
    if (!is_established()) return IoStatus::handshaking;
    if (!encrypt(queue)) return IoStatus::failed;
  }
}

bool TlsSession::encrypt(WriteQueue& queue) {
  std::array<char, SSL3_RT_MAX_PLAIN_LENGTH> record;
  while (!queue.empty() && unsent_.size() < limits::kTlsUnsent) {
    const auto size = queue.copy_front(record);
    std::size_t written = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), record.data(), size, &written) != 1) return false;
    queue.consume(written);
  }
  return true;
}

IoStatus TlsSession::flush() {
  std::size_t sent = 0;
  auto status = IoStatus::done;
  while (sent < unsent_.size() && status == IoStatus::done) {
    const auto count =
        ::send(descriptor_, unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      status = IoStatus::blocked;
    } else if (errno != EINTR) {
      status = IoStatus::failed;
    }
  }
  unsent_.erase(0, sent);
  if (unsent_.empty() && unsent_.capacity() > kKeptCapacity) std::string().swap(unsent_);
  return status;
}

IoStatus TlsSession::end_output() {
  if (!std::exchange(ending_, true) && is_established() && !failed_) SSL_shutdown(ssl_.get());
  return flush();
}

}  // namespace hawser::net
