#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "net/io_status.h"

namespace hawser::net {

class TlsContext;
class WriteQueue;

/// The server's side of TLS on one connection: the handshake, which reading carries along, then records
/// both ways. Refers to its connection by the descriptor and never waits. Owned with the socket; may move
/// to another thread between calls.
class TlsSession {
 public:
  /// Null when memory does not suffice.
  static std::unique_ptr<TlsSession> accept(const TlsContext& context, int descriptor);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// The handshake is over: `send` can write.
  bool is_established() const;
  /// Fills `out` with what arrived. Answers of TLS itself (handshake, key updates) then wait in `unsent`.
  Received receive(std::span<char> out);
  /// Records may have arrived that were not opened yet.
  bool has_input() const { return !drained_; }
  /// Joins the frames of `queue` into records and hands these to the kernel.
  IoStatus send(WriteQueue& queue);
  /// Records that the kernel has not taken.
  std::size_t unsent() const { return unsent_.size(); }
  /// Says close_notify, once, and sends what waits.
  IoStatus end_output();

 private:
  struct Transport;  // between OpenSSL and the descriptor
  struct Free {
    void operator()(SSL* ssl) const;
  };

  explicit TlsSession(int descriptor) : descriptor_(descriptor) {}
  Received stop(int error, std::size_t filled);
  bool encrypt(WriteQueue& queue);
  IoStatus flush();

  const int descriptor_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string unsent_;
  std::size_t may_read_ = 0;  ///< bytes of the current `receive`
  bool kernel_is_empty_ = false;
  bool peer_ended_ = false;
  bool drained_ = true;
  bool ending_ = false;
  bool failed_ = false;
};

}  // namespace hawser::net
