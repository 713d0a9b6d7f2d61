#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "session/auth.h"

struct evp_pkey_st;

namespace hawser::session {

/// A key together with the one algorithm it is used for, so that neither can be taken for another kind
/// (RFC 8725 section 3.1: algorithm confusion). Immutable after construction; any thread.
class JwtKey {
 public:
  /// Errors (config): see Authenticator::make.
  static Result<JwtKey> make(Algorithm algorithm, std::string key);

  /// Whether `signature` (raw bytes, for ES256 r and s of 32 bytes each) is ours over `signed_text`.
  bool verify(std::string_view signed_text, std::string_view signature) const;
  /// Raw signature bytes. Errors (config): a public key cannot sign.
  Result<std::string> sign(std::string_view signed_text) const;
  /// The spelling of the header's `alg`.
  std::string_view algorithm_name() const;

 private:
  struct FreePkey {
    void operator()(evp_pkey_st* pkey) const;
  };
  using Pkey = std::unique_ptr<evp_pkey_st, FreePkey>;

  JwtKey(Algorithm algorithm, std::string secret, Pkey pkey);
  std::string hmac(std::string_view text) const;

  Algorithm algorithm_;
  std::string secret_;
  Pkey pkey_;
};

bool is_hmac(Algorithm algorithm);
std::string_view algorithm_name(Algorithm algorithm);

}  // namespace hawser::session
