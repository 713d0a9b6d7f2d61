#include "session/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "session/base64url.h"
#include "session/jwt_key.h"

namespace hawser::session {
namespace {

constexpr WallMillis kNotBeforeLeeway = 30'000;
/// 9999-12-31: later expiries mean "never" and must not overflow milliseconds.
constexpr double kLatestSeconds = 253'402'300'799.0;

std::unexpected<Error> refused() {
  return fail(Errc::unauthorized, "Authentication failed");
}
std::unexpected<Error> bad_name(std::string_view whose) {
  return fail(Errc::bad_request, fmt::format("A {} name is text of 1 to {} bytes without control characters.",
                                             whose, limits::kMaxOwner));
}
std::unexpected<Error> no_user() {
  return fail(Errc::unauthorized, "Invalid token: missing userId");
}

struct TokenParts {
  std::string_view header, claims, signature;
  std::string_view signed_text;
};

std::optional<TokenParts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return TokenParts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                    token.substr(second + 1), token.substr(0, second)};
}

/// Two readers of `{"sub":"a","sub":"b"}` may see different users, so a repeated name is refused.
bool names_are_unique(const json::View& object) {
  std::vector<std::string> names;
  for (auto it = object.members(); auto member = it.next();) names.push_back(std::move(member->name));
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

/// An object without repeated names, out of the encoded text; `storage` keeps its bytes.
std::optional<json::View> decode_object(std::string_view encoded, std::string& storage) {
  auto decoded = base64url_decode(encoded);
  if (!decoded) return std::nullopt;
  storage = std::move(*decoded);
  const auto view = json::validate(storage);
  if (!view || !view->is(json::Kind::object) || !names_are_unique(*view)) return std::nullopt;
  return *view;
}

/// `alg` must be ours, letter by letter. Keys named by the token (jwk, jku, x5u, kid) are not looked at.
/// `crit` lists extensions that a reader must understand or refuse; we know none.
bool header_fits(std::string_view encoded, std::string_view algorithm) {
  std::string storage;
  const auto header = decode_object(encoded, storage);
  if (!header || header->find("crit")) return false;
  const auto alg = header->find("alg");
  return alg && alg->as_string() == algorithm;
}

/// Outer: whether the claim is well formed; inner: its value, when it is there.
std::optional<std::optional<double>> numeric_date(const json::View& claims, std::string_view name) {
  const auto claim = claims.find(name);
  if (!claim) return std::optional<double>{};
  const auto seconds = claim->as_number();
  if (!seconds || !std::isfinite(*seconds)) return std::nullopt;
  return std::clamp(*seconds, 0.0, kLatestSeconds);
}

/// A name that can be shown, logged and compared. U+FFFD stands for lone surrogates, which would make
/// different claims the same user.
bool is_usable_name(std::string_view name) {
  if (name.empty() || name.size() > limits::kMaxOwner || !utf8::is_valid(name)) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    const bool is_c1 = byte == 0xc2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xa0;
    if (is_c1) return false;
  }
  return name.find("\xEF\xBF\xBD") == std::string_view::npos;
}

/// Until when the token is valid; an error when that is over, has not begun, or cannot be read.
Result<std::optional<WallMillis>> read_validity(const json::View& claims, WallMillis now) {
  const auto expiry = numeric_date(claims, "exp");
  const auto not_before = numeric_date(claims, "nbf");
  if (!expiry || !not_before) return refused();
  if (*not_before && static_cast<double>(now + kNotBeforeLeeway) < **not_before * 1000.0) return refused();
  if (!*expiry) return std::nullopt;
  const auto expires_at = static_cast<WallMillis>(std::floor(**expiry * 1000.0));
  if (now >= expires_at) return refused();
  return expires_at;
}

std::optional<std::string> read_name(const std::optional<json::View>& claim) {
  auto name = claim ? claim->as_string() : std::nullopt;
  return name && is_usable_name(*name) ? name : std::nullopt;
}

Result<Identity> read_user(const json::View& claims, WallMillis now) {
  const auto expires_at = read_validity(claims, now);
  if (!expires_at) return std::unexpected(expires_at.error());
  if (claims.find("worker")) return refused();
  auto claim = claims.find("userId");
  if (!claim) claim = claims.find("sub");
  auto user = read_name(claim);
  if (!user) return no_user();
  return Identity{*std::move(user), *expires_at};
}

Result<WorkerIdentity> read_worker(const json::View& claims, WallMillis now) {
  const auto expires_at = read_validity(claims, now);
  if (!expires_at) return std::unexpected(expires_at.error());
  auto name = read_name(claims.find("worker"));
  if (!name) return fail(Errc::unauthorized, "Invalid token: missing worker");
  WorkerIdentity identity{*std::move(name), {}, *expires_at};
  const auto types = claims.find("types");
  if (!types || !types->is(json::Kind::array)) return refused();
  for (auto it = types->elements(); auto type = it.next();) {
    auto text = read_name(type);
    if (!text) return refused();
    identity.types.push_back(*std::move(text));
  }
  return identity;
}

Status check_admin(const json::View& claims, WallMillis now) {
  const auto expires_at = read_validity(claims, now);
  if (!expires_at) return std::unexpected(expires_at.error());
  for (const auto* name : {"userId", "sub", "worker"}) {
    if (claims.find(name)) return refused();
  }
  const auto admin = claims.find("admin");
  if (!admin || admin->as_boolean() != true) return refused();
  return {};
}

}  // namespace

struct Authenticator::State {
  JwtKey key;
};

Authenticator::Authenticator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Authenticator::~Authenticator() = default;
Authenticator::Authenticator(Authenticator&&) noexcept = default;
Authenticator& Authenticator::operator=(Authenticator&&) noexcept = default;

Result<Authenticator> Authenticator::make(Algorithm algorithm, std::string key) {
  auto jwt_key = JwtKey::make(algorithm, std::move(key));
  if (!jwt_key) return std::unexpected(std::move(jwt_key).error());
  return Authenticator(std::make_unique<State>(State{std::move(*jwt_key)}));
}

bool WorkerIdentity::may_run(std::string_view type) const {
  return std::ranges::any_of(types, [&](const auto& allowed) { return allowed == type || allowed == "*"; });
}

/// Decodes the claims of a token that is ours into `claims`, else says why it is refused.
std::optional<Error> Authenticator::refusal(std::string_view token, std::string& claims) const {
  if (token.empty()) return Error{Errc::unauthorized, "Authentication token required"};
  if (token.size() > limits::kMaxToken) return refused().error();
  const auto parts = split(token);
  if (!parts || !header_fits(parts->header, state_->key.algorithm_name())) return refused().error();
  const auto signature = base64url_decode(parts->signature);
  if (!signature || !state_->key.verify(parts->signed_text, *signature)) return refused().error();
  // Only now is anything of the claims believed, or even parsed.
  std::string storage;
  const auto object = decode_object(parts->claims, storage);
  if (!object) return refused().error();
  claims = object->raw();
  return std::nullopt;
}

Result<Identity> Authenticator::verify(std::string_view token, WallMillis now) const {
  std::string claims;
  if (auto error = refusal(token, claims)) return std::unexpected(*std::move(error));
  return read_user(json::View(claims), now);
}

Result<WorkerIdentity> Authenticator::verify_worker(std::string_view token, WallMillis now) const {
  std::string claims;
  if (auto error = refusal(token, claims)) return std::unexpected(*std::move(error));
  return read_worker(json::View(claims), now);
}

Status Authenticator::verify_admin(std::string_view token, WallMillis now) const {
  std::string claims;
  if (auto error = refusal(token, claims)) return std::unexpected(*std::move(error));
  return check_admin(json::View(claims), now);
}

Result<std::string> Authenticator::sign(json::Object claims, WallMillis now,
                                        std::optional<Millis> lifetime) const {
  claims.add("iat", now / 1000);
  if (lifetime) claims.add("exp", (now + lifetime->count()) / 1000);
  const auto header = json::Object().add("alg", state_->key.algorithm_name()).add("typ", "JWT").str();
  auto token = base64url_encode(header) + "." + base64url_encode(std::move(claims).str());
  const auto signature = state_->key.sign(token);
  if (!signature) return std::unexpected(signature.error());
  return token + "." + base64url_encode(*signature);
}

Result<std::string> Authenticator::mint(std::string_view user, WallMillis now,
                                        std::optional<Millis> lifetime) const {
  if (!is_usable_name(user)) return bad_name("user");
  return sign(std::move(json::Object().add("userId", user)), now, lifetime);
}

Result<std::string> Authenticator::mint_worker(std::string_view name, const std::vector<std::string>& types,
                                               WallMillis now, std::optional<Millis> lifetime) const {
  if (!is_usable_name(name)) return bad_name("worker");
  if (types.empty()) return fail(Errc::bad_request, "A worker needs the job types it may run.");
  return sign(std::move(json::Object().add("worker", name).raw("types", json::array_of(types))), now,
              lifetime);
}

Result<std::string> Authenticator::mint_admin(WallMillis now, std::optional<Millis> lifetime) const {
  return sign(std::move(json::Object().add("admin", true)), now, lifetime);
}

}  // namespace hawser::session
