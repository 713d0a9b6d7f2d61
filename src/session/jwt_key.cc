#include "session/jwt_key.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

#include "session/secret_strength.h"

namespace hawser::session {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;

constexpr std::size_t kP256Half = 32;
constexpr int kMinRsaBits = 2048;  // RFC 7518 section 3.3

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const char* digest_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs384: return "SHA384";
    case Algorithm::hs512: return "SHA512";
    default: return "SHA256";
  }
}

bool is_p256(const EVP_PKEY* pkey) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
         EVP_PKEY_get_group_name(pkey, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

/// Nothing when the key fits, else what is needed.
std::string_view misfit(Algorithm algorithm, const EVP_PKEY* pkey) {
  if (algorithm == Algorithm::rs256) {
    const bool fits = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA && EVP_PKEY_get_bits(pkey) >= kMinRsaBits;
    return fits ? "" : "an RSA key of at least 2048 bits";
  }
  if (algorithm == Algorithm::es256) return is_p256(pkey) ? "" : "an EC key on the curve P-256";
  return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 ? "" : "an Ed25519 key";
}

/// JWS carries r and s as two numbers of fixed width; OpenSSL wants DER. Zero and too large values are
/// refused by the verification itself.
std::string to_der(std::string_view raw) {
  EcdsaSignature signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes(raw), kP256Half, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(raw) + kP256Half, kP256Half, nullptr);
  if (ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace

void JwtKey::FreePkey::operator()(evp_pkey_st* pkey) const {
  EVP_PKEY_free(pkey);
}

JwtKey::JwtKey(Algorithm algorithm, std::string secret, Pkey pkey)
    : algorithm_(algorithm), secret_(std::move(secret)), pkey_(std::move(pkey)) {}

Result<JwtKey> JwtKey::make(Algorithm algorithm, std::string key) {
  if (is_hmac(algorithm)) {
    if (auto status = check_secret(algorithm, key); !status) return std::unexpected(status.error());
    return JwtKey(algorithm, std::move(key), nullptr);
  }
  const Bio bio(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  Pkey pkey(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (!pkey) {
    return fail(Errc::config,
                fmt::format("The key for {} is not a public key in PEM form ('-----BEGIN PUBLIC "
                            "KEY-----'). Give the public half, never the private key.",
                            session::algorithm_name(algorithm)));
  }
  if (const auto need = misfit(algorithm, pkey.get()); !need.empty()) {
    return fail(Errc::config, fmt::format("The public key does not fit: {} needs {}.",
                                          session::algorithm_name(algorithm), need));
  }
  return JwtKey(algorithm, {}, std::move(pkey));
}

std::string JwtKey::hmac(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, digest_name(algorithm_), nullptr, secret_.data(), secret_.size(),
                bytes(text), text.size(), out.data(), out.size(), &size) == nullptr) {
    return {};
  }
  return {reinterpret_cast<const char*>(out.data()), size};
}

bool JwtKey::verify(std::string_view signed_text, std::string_view signature) const {
  if (is_hmac(algorithm_)) {
    const auto expected = hmac(signed_text);
    return !expected.empty() && expected.size() == signature.size() &&
           CRYPTO_memcmp(expected.data(), signature.data(), expected.size()) == 0;
  }
  std::string der;
  if (algorithm_ == Algorithm::es256) {
    if (signature.size() != 2 * kP256Half) return false;
    der = to_der(signature);
    signature = der;
  }
  const MdContext context(EVP_MD_CTX_new());
  const char* digest = algorithm_ == Algorithm::eddsa ? nullptr : digest_name(algorithm_);
  const bool ok =
      EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, pkey_.get(), nullptr) == 1 &&
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signed_text),
                       signed_text.size()) == 1;
  ERR_clear_error();
  return ok;
}

Result<std::string> JwtKey::sign(std::string_view signed_text) const {
  if (!is_hmac(algorithm_)) {
    return fail(Errc::config,
                fmt::format("Tokens for {} are made by whoever holds the private key; the server "
                            "has only the public one.",
                            algorithm_name()));
  }
  return hmac(signed_text);
}

std::string_view JwtKey::algorithm_name() const {
  return session::algorithm_name(algorithm_);
}

bool is_hmac(Algorithm algorithm) {
  return algorithm == Algorithm::hs256 || algorithm == Algorithm::hs384 || algorithm == Algorithm::hs512;
}

std::string_view algorithm_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs256: return "HS256";
    case Algorithm::hs384: return "HS384";
    case Algorithm::hs512: return "HS512";
    case Algorithm::rs256: return "RS256";
    case Algorithm::es256: return "ES256";
    case Algorithm::eddsa: return "EdDSA";
  }
  return "";
}

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const auto algorithm : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512, Algorithm::rs256,
                               Algorithm::es256, Algorithm::eddsa}) {
    if (name == algorithm_name(algorithm)) return algorithm;
  }
  return std::nullopt;
}

}  // namespace hawser::session
