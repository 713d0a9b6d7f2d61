#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"

namespace hawser::session {

enum class Algorithm { hs256, hs384, hs512, rs256, es256, eddsa };

std::optional<Algorithm> parse_algorithm(std::string_view name);  ///< "HS256", …

struct Identity {
  std::string user;                      ///< claim `userId`, or `sub` where it is missing
  std::optional<WallMillis> expires_at;  ///< claim `exp`
};

/// Whom a worker's token names.
struct WorkerIdentity {
  std::string name;                ///< claim `worker`
  std::vector<std::string> types;  ///< claim `types`: what it may claim; "*" is every type
  std::optional<WallMillis> expires_at;

  bool may_run(std::string_view type) const;
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
  /// The same for workers; the third text is "Invalid token: missing worker". Neither kind of token passes
  /// for the other: one with a claim `worker` is no user's.
  Result<WorkerIdentity> verify_worker(std::string_view token, WallMillis now) const;
  /// Whether the token is an administrator's: the claim `admin` is true, and there is no `userId`, `sub` or
  /// `worker`, so that it is nobody else's, and a user whom another system calls `admin` is a user here.
  Status verify_admin(std::string_view token, WallMillis now) const;
  /// Signs {"userId", "iat", "exp"?}. HMAC algorithms only.
  Result<std::string> mint(std::string_view user, WallMillis now, std::optional<Millis> lifetime) const;
  /// Signs {"worker", "types", "iat", "exp"?}.
  Result<std::string> mint_worker(std::string_view name, const std::vector<std::string>& types,
                                  WallMillis now, std::optional<Millis> lifetime) const;
  /// Signs {"admin", "iat", "exp"?}.
  Result<std::string> mint_admin(WallMillis now, std::optional<Millis> lifetime) const;

 private:
  struct State;
  std::optional<Error> refusal(std::string_view token, std::string& claims) const;
  Result<std::string> sign(json::Object claims, WallMillis now, std::optional<Millis> lifetime) const;
  explicit Authenticator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hawser::session
