#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/time.h"

namespace hawser::net {

/// A certificate with its key, and the rules by which connections use them: TLS 1.2 and 1.3 with forward
/// secrecy and authenticated encryption, HTTP/1.1 by ALPN, no compression, no renegotiation, no early data.
/// Session tickets work as long as this object lives; their keys are its own. Immutable once it is shared,
/// then for any thread.
class TlsContext {
 public:
  /// PEM: the server's certificate first, then those that lead to its authority. Errors (config) continue a
  /// sentence that names the file: "holds no certificate in PEM form".
  static Result<TlsContext> with_certificates(const std::string& chain);
  /// PEM, without a passphrase. Errors as above, never with a part of the key: it cannot be read, or it does
  /// not belong to the certificate.
  Status use_key(const std::string& key);

  /// When the certificate expires.
  WallMillis expires_at() const;
  SSL_CTX* native() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  using Context = std::unique_ptr<SSL_CTX, Free>;
  explicit TlsContext(Context context) : context_(std::move(context)) {}

  Context context_;
};

}  // namespace hawser::net
