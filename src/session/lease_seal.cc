#include "session/lease_seal.h"

#include <openssl/crypto.h>

#include "base/big_endian.h"
#include "session/base64url.h"
#include "session/hmac.h"

namespace hawser::session {
namespace {

/// The text is the epoch, big-endian, and its signature, cut to what nobody guesses.
constexpr std::size_t kEpoch = 8;
constexpr std::size_t kSignature = 16;
constexpr std::string_view kPurpose = "hawser lease 1";

}  // namespace

/// All parts before the worker's name have a fixed length, so no two inputs meet.
std::string LeaseSeal::sign(std::string_view worker, const JobId& job, std::string_view epoch) const {
  auto text = std::string(kPurpose).append(job.to_string()).append(epoch).append(worker);
  return hmac_sha256(key_, text).substr(0, kSignature);
}

std::string LeaseSeal::make(std::string_view worker, const JobId& job, std::uint64_t epoch) const {
  std::string bytes;
  append_big_endian(bytes, epoch);
  bytes += sign(worker, job, bytes);
  return base64url_encode(bytes);
}

std::optional<std::uint64_t> LeaseSeal::epoch_of(std::string_view worker, const JobId& job,
                                                 std::string_view lease) const {
  const auto bytes = base64url_decode(lease);
  if (!bytes || bytes->size() != kEpoch + kSignature) return std::nullopt;
  const auto epoch = std::string_view(*bytes).substr(0, kEpoch);
  if (CRYPTO_memcmp(sign(worker, job, epoch).data(), bytes->data() + kEpoch, kSignature) != 0) {
    return std::nullopt;
  }
  return read_big_endian(epoch);
}

}  // namespace hawser::session
