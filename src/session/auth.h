#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace hawser::session {

enum class Algorithm { hs256, hs384, hs512, rs256, es256, eddsa };

std::optional<Algorithm> parse_algorithm(std::string_view name);  ///< "HS256", …

struct Identity {
  std::string user;                      ///< claim `userId`, or `sub` where it is missing
  std::optional<WallMillis> expires_at;  ///< claim `exp`
};

/// Verifies JSON Web Tokens (RFC 7519, RFC 8725). Key and algorithm are fixed here and never taken from
/// the token: its `alg` must equal ours. Immutable after construction; any thread.
class Authenticator {
 public:
  /// `key` is the shared secret for HS*, a public key in PEM for the others. Errors (config): an HMAC
  /// secret that is empty, shorter than 32 bytes or a well-known sample; a PEM of another kind.
  static Result<Authenticator> make(Algorithm algorithm, std::string key);
  ~Authenticator();
  Authenticator(Authenticator&&) noexcept;
  Authenticator& operator=(Authenticator&&) noexcept;

  /// The error's message is one of the original's three texts: "Authentication token required" (empty
  /// token), "Authentication failed", "Invalid token: missing userId". `nbf` and `exp` are honoured with
  /// 30 s of leeway for `nbf` and none for `exp`.
  Result<Identity> verify(std::string_view token, WallMillis now) const;
  /// Signs {"userId", "iat", "exp"?}. HMAC algorithms only.
  Result<std::string> mint(std::string_view user, WallMillis now, std::optional<Millis> lifetime) const;

 private:
  struct State;
  explicit Authenticator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hawser::session
