#include <string>

#include "base/json.h"
#include "base/limits.h"
#include "session/auth.h"
#include "session/base64url.h"
#include "session/jwt_key.h"
#include "test/fuzz/choices.h"

namespace {

using namespace hawser::session;
using hawser::WallMillis;
using hawser::fuzz::check;
using hawser::fuzz::Choices;
namespace json = hawser::json;

constexpr WallMillis kNow = 1'700'000'000'000;
constexpr const char* kSecret = "an unguessable key of over 32 bytes, 7f3a9c";
constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

const JwtKey& key() {
  static const auto key = *JwtKey::make(Algorithm::hs256, kSecret);
  return key;
}

const Authenticator& authenticator() {
  static const auto authenticator = *Authenticator::make(Algorithm::hs256, kSecret);
  return authenticator;
}

std::string signed_token(std::string_view header, std::string_view claims) {
  auto text = base64url_encode(header) + '.' + base64url_encode(claims);
  return text + '.' + base64url_encode(*key().sign(text));
}

void check_identity(const Identity& identity) {
  check(!identity.user.empty() && identity.user.size() <= hawser::limits::kMaxOwner, "a user has a name");
  check(!identity.expires_at || *identity.expires_at > kNow, "an expired token is refused");
}

/// No key of ours has signed the text, unless it is an input that knows the signature.
void check_foreign(std::string_view text) {
  const auto identity = authenticator().verify(text, kNow);
  if (identity) check_identity(*identity);
}

void check_claims(std::string_view claims) {
  const auto token = signed_token(kHeader, claims);
  const auto identity = authenticator().verify(token, kNow);
  if (!identity) return;
  check_identity(*identity);
  const auto object = json::validate(claims);
  check(object && object->is(json::Kind::object), "claims are an object");
  const auto claim = object->find("userId");
  check((claim ? claim : object->find("sub"))->as_string() == identity->user,
        "the user is the one of the claims");
  check(object->find("exp").has_value() == identity->expires_at.has_value(), "an expiry is honoured");
  if (!identity->expires_at) return;
  check(!authenticator().verify(token, *identity->expires_at), "a token ends when it expires");
}

void check_header(std::string_view header) {
  const auto token = signed_token(header, R"({"userId":"ann"})");
  if (!authenticator().verify(token, kNow)) return;
  const auto object = json::validate(header);
  check(object && object->find("alg")->as_string() == "HS256" && !object->find("crit"),
        "the algorithm is ours, and nothing else is asked for");
}

/// One character of a good token is another one.
void check_forgery(std::size_t at, char c) {
  static const auto good = signed_token(kHeader, R"({"userId":"ann","exp":1700000001})");
  auto token = good;
  token[at % token.size()] = c;
  check(authenticator().verify(token, kNow).has_value() == (token == good), "a changed token is refused");
}

void check_mint(std::string_view user) {
  const auto token = authenticator().mint(user, kNow, hawser::Millis(1000));
  if (!token) return;
  const auto identity = authenticator().verify(*token, kNow);
  check(identity && identity->user == user, "a token of ours names its user");
}

}  // namespace

/// The first byte chooses what the rest is: a token, claims or a header to be signed, a forgery, a user.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  switch (choices.below(5)) {
    case 0: check_foreign(choices.rest()); break;
    case 1: check_claims(choices.rest()); break;
    case 2: check_header(choices.rest()); break;
    case 3: {
      const auto at = choices.number(2);
      check_forgery(at, static_cast<char>(choices.byte()));
      break;
    }
    default: check_mint(choices.rest()); break;
  }
  return 0;
}
