#include "session/recovery.h"

#include <openssl/crypto.h>

#include <utility>

#include "base/big_endian.h"
#include "base/limits.h"
#include "session/base64url.h"
#include "session/hmac.h"

namespace hawser::session {
namespace {

/// The body of a pid: expiry (ms), position, both big-endian, and the bytes of the sid.
constexpr std::size_t kNumber = 8;
constexpr std::size_t kSid = 15;
constexpr std::size_t kBody = 2 * kNumber + kSid;
constexpr std::size_t kSignature = 32;
/// Keeps signatures of other kinds under the same key, if there ever are any, apart.
constexpr std::string_view kPurpose = "hawser pid 1";

}  // namespace

Recovery::Recovery(std::string key, std::string incarnation)
    : key_(std::move(key)), incarnation_(std::move(incarnation)) {}

/// The parts before the user have a fixed length or cannot hold a NUL, so no two inputs meet.
std::string Recovery::sign(std::string_view user, std::string_view body) const {
  auto text = std::string(kPurpose).append(incarnation_);
  text.append(1, '\0').append(body).append(user);
  return hmac_sha256(key_, text);
}

std::string Recovery::make_pid(std::string_view user, const Start& start, WallMillis now) const {
  std::string body;
  append_big_endian(body, static_cast<std::uint64_t>(now + Millis(limits::kRecoveryLifetime).count()));
  append_big_endian(body, start.position);
  body += base64url_decode(start.sid).value();
  return base64url_encode(body + sign(user, body));
}

std::optional<Recovery::Restored> Recovery::restore(std::string_view user, const Claim& claim,
                                                    WallMillis now) const {
  const auto bytes = base64url_decode(claim.pid);
  if (!bytes || bytes->size() != kBody + kSignature) return std::nullopt;
  const auto body = std::string_view(*bytes).substr(0, kBody);
  if (CRYPTO_memcmp(sign(user, body).data(), bytes->data() + kBody, kSignature) != 0) return std::nullopt;
  if (std::cmp_less_equal(read_big_endian(body), now)) return std::nullopt;
  Restored restored{.sid = base64url_encode(body.substr(2 * kNumber)),
                    .offset = {.position = read_big_endian(body.substr(kNumber)), .listed = {}}};
  if (claim.offset) {
    auto offset = parse_offset(incarnation_, *claim.offset);
    if (!offset) return std::nullopt;
    restored.offset = *std::move(offset);
  }
  return restored;
}

}  // namespace hawser::session
