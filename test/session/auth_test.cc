#include "session/auth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <vector>

#include "base/limits.h"
#include "session/base64url.h"
#include "session/jwt_key.h"

namespace hawser::session {
namespace {

constexpr WallMillis kNow = 1'700'000'000'000;
constexpr const char* kFailed = "Authentication failed";
constexpr const char* kNoUser = "Invalid token: missing userId";
const std::string kSecret = "q7Xl0vNw3uJt5rYb8cDe2fGh4iKm6oPs9zAaBbCcDdEeFfGgHhIiJjKkLlMmNnOo";

/// A private key made for one test, with what an attacker or an honest issuer does with it.
class TestKey {
 public:
  explicit TestKey(EVP_PKEY* pkey) : pkey_(pkey) {}
  ~TestKey() { EVP_PKEY_free(pkey_); }
  TestKey(const TestKey&) = delete;
  TestKey& operator=(const TestKey&) = delete;

  std::string public_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, pkey_);
    return take(bio);
  }
  std::string private_pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, pkey_, nullptr, nullptr, 0, nullptr, nullptr);
    return take(bio);
  }
  /// DER for EC keys.
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    const char* digest = EVP_PKEY_get_base_id(pkey_) == EVP_PKEY_ED25519 ? nullptr : "SHA256";
    EVP_DigestSignInit_ex(context, nullptr, digest, nullptr, nullptr, pkey_, nullptr);
    std::string out(1024, '\0');
    std::size_t size = out.size();
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    out.resize(size);
    return out;
  }

 private:
  static std::string take(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  EVP_PKEY* pkey_;
};

EVP_PKEY* rsa(std::size_t bits) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits);
}
EVP_PKEY* ec(const char* curve) {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve);
}
EVP_PKEY* ed25519() {
  return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
}

std::string raw_signature(const std::string& der) {
  const auto* in = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + 32, 32);
  ECDSA_SIG_free(signature);
  return raw;
}

std::string unsigned_token(const std::string& header, const std::string& claims) {
  return base64url_encode(header) + "." + base64url_encode(claims);
}

/// A token whose HMAC is right, whatever header and claims say.
std::string hmac_token(const std::string& header, const std::string& claims,
                       const std::string& secret = kSecret, Algorithm algorithm = Algorithm::hs256) {
  const auto text = unsigned_token(header, claims);
  return text + "." + base64url_encode(*JwtKey::make(algorithm, secret)->sign(text));
}

std::string token_with(const std::string& claims) {
  return hmac_token(R"({"alg":"HS256"})", claims);
}

Authenticator hs256() {
  return std::move(*Authenticator::make(Algorithm::hs256, kSecret));
}

std::string refusal(const Authenticator& authenticator, std::string_view token) {
  const auto identity = authenticator.verify(token, kNow);
  if (identity) return "accepted " + identity->user;
  EXPECT_EQ(identity.error().code, Errc::unauthorized);
  return identity.error().message;
}

TEST(Auth, accepts_what_it_minted_for_each_hmac_algorithm) {
  for (const auto algorithm : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
    const auto authenticator = Authenticator::make(algorithm, kSecret);
    ASSERT_TRUE(authenticator);
    const auto token = authenticator->mint("ann", kNow, Millis(60'000));
    ASSERT_TRUE(token);
    const auto identity = authenticator->verify(*token, kNow);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->user, "ann");
    EXPECT_EQ(identity->expires_at, kNow + 60'000);
    EXPECT_FALSE(authenticator->mint("ann", kNow, {}).value().empty());
  }
}

TEST(Auth, accepts_the_example_of_rfc_7515_appendix_a1_as_signed_but_without_a_user) {
  const auto key = base64url_decode(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const auto authenticator = Authenticator::make(Algorithm::hs256, *key);
  ASSERT_TRUE(authenticator);
  const auto identity = authenticator->verify(
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      1'300'000'000'000);
  ASSERT_FALSE(identity);
  EXPECT_EQ(identity.error().message, kNoUser);
}

TEST(Auth, verifies_rs256_es256_and_eddsa) {
  const TestKey rsa_key(rsa(2048));
  const TestKey ec_key(ec("P-256"));
  const TestKey ed_key(ed25519());
  const std::string claims = R"({"userId":"ann"})";

  const auto rs = unsigned_token(R"({"alg":"RS256"})", claims);
  EXPECT_EQ(Authenticator::make(Algorithm::rs256, rsa_key.public_pem())
                ->verify(rs + "." + base64url_encode(rsa_key.sign(rs)), kNow)
                ->user,
            "ann");
  const auto es = unsigned_token(R"({"alg":"ES256"})", claims);
  EXPECT_EQ(Authenticator::make(Algorithm::es256, ec_key.public_pem())
                ->verify(es + "." + base64url_encode(raw_signature(ec_key.sign(es))), kNow)
                ->user,
            "ann");
  const auto ed = unsigned_token(R"({"alg":"EdDSA"})", claims);
  EXPECT_EQ(Authenticator::make(Algorithm::eddsa, ed_key.public_pem())
                ->verify(ed + "." + base64url_encode(ed_key.sign(ed)), kNow)
                ->user,
            "ann");
}

TEST(Auth, refuses_der_zero_oversized_and_cut_es256_signatures) {
  const TestKey key(ec("P-256"));
  const auto authenticator = Authenticator::make(Algorithm::es256, key.public_pem());
  ASSERT_TRUE(authenticator);
  const auto text = unsigned_token(R"({"alg":"ES256"})", R"({"userId":"ann"})");
  const auto der = key.sign(text);
  const auto raw = raw_signature(der);
  for (const auto& signature :
       {der, std::string(64, '\0'), std::string(64, '\xff'), raw.substr(0, 63), raw + '\0',
        std::string(32, '\0') + raw.substr(32), raw.substr(0, 32) + std::string(32, '\0'), std::string()}) {
    EXPECT_EQ(refusal(*authenticator, text + "." + base64url_encode(signature)), kFailed) << signature.size();
  }
}

TEST(Auth, says_when_no_token_was_given) {
  EXPECT_EQ(refusal(hs256(), ""), "Authentication token required");
}

TEST(Auth, takes_the_algorithm_from_our_key_and_never_from_the_token) {
  const std::string claims = R"({"userId":"ann"})";
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"nOnE"})", R"({"alg":""})", R"({})",
        R"({"alg":["HS256"]})", R"({"alg":256})", R"({"alg":null})", R"({"alg":"hs256"})",
        R"({"alg":"HS384"})", R"({"alg":"RS256"})", R"({"alg":"HS256","alg":"HS256"})",
        R"({"alg":"none","\u0061lg":"HS256"})", R"(["HS256"])", R"("HS256")",
        R"({"alg":"HS256","crit":["exp"]})", R"({"alg":"HS256 "})", "", "{"}) {
    EXPECT_EQ(refusal(hs256(), hmac_token(header, claims)), kFailed) << header;
    EXPECT_EQ(refusal(hs256(), unsigned_token(header, claims) + "."), kFailed) << header;
  }
}

TEST(Auth, ignores_keys_that_the_header_names) {
  const std::string big(3000, 'k');
  for (const auto& header :
       {std::string(R"({"alg":"HS256","kid":"../../dev/null"})"),
        std::string(R"({"alg":"HS256","kid":"' OR 1=1"})"), std::string(R"({"alg":"HS256","kid":"\u0000"})"),
        R"({"alg":"HS256","kid":")" + big + R"("})",
        std::string(R"({"alg":"HS256","jku":"http://127.0.0.1/","x5u":"file:///etc/passwd"})")}) {
    EXPECT_EQ(refusal(hs256(), hmac_token(header, R"({"userId":"ann"})")), "accepted ann") << header;
    // An empty key, as a file that does not exist would give, does not sign for us.
    const auto text = unsigned_token(header, R"({"userId":"ann"})");
    EXPECT_EQ(refusal(hs256(), text + "." + base64url_encode(std::string(32, '\0'))), kFailed);
  }
}

TEST(Auth, a_public_key_does_not_sign_as_an_hmac_secret) {
  const TestKey key(rsa(2048));
  auto pem = key.public_pem();
  const auto authenticator = Authenticator::make(Algorithm::rs256, pem);
  ASSERT_TRUE(authenticator);
  for (const auto& secret : {pem, pem.substr(0, pem.size() - 1)}) {
    std::array<unsigned char, 64> mac{};
    std::size_t size = 0;
    for (const char* alg : {"HS256", "RS256"}) {
      const auto text = unsigned_token(fmt::format(R"({{"alg":"{}"}})", alg), R"({"userId":"ann"})");
      EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, secret.data(), secret.size(),
                reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), mac.size(),
                &size);
      const std::string_view signature(reinterpret_cast<const char*>(mac.data()), size);
      EXPECT_EQ(refusal(*authenticator, text + "." + base64url_encode(signature)), kFailed);
    }
  }
  const auto as_secret = Authenticator::make(Algorithm::hs256, pem);
  ASSERT_FALSE(as_secret);
  EXPECT_EQ(as_secret.error().code, Errc::config);
}

TEST(Auth, honours_exp_and_nbf_as_numbers_and_refuses_other_kinds) {
  struct Case {
    const char* claims;
    const char* answer;
  };
  const Case cases[] = {
      {R"({"userId":"ann"})", "accepted ann"},
      {R"({"userId":"ann","exp":1700000001})", "accepted ann"},
      {R"({"userId":"ann","exp":1700000000.001})", "accepted ann"},
      {R"({"userId":"ann","exp":1.7e9})", kFailed},
      {R"({"userId":"ann","exp":1700000000})", kFailed},
      {R"({"userId":"ann","exp":1699999999.999})", kFailed},
      {R"({"userId":"ann","exp":1e300})", "accepted ann"},
      {R"({"userId":"ann","exp":1e400})", kFailed},
      {R"({"userId":"ann","exp":-1})", kFailed},
      {R"({"userId":"ann","exp":0})", kFailed},
      {R"({"userId":"ann","exp":"1800000000"})", kFailed},
      {R"({"userId":"ann","exp":null})", kFailed},
      {R"({"userId":"ann","exp":[1800000000]})", kFailed},
      {R"({"userId":"ann","exp":true})", kFailed},
      {R"({"userId":"ann","exp":1800000000,"exp":1})", kFailed},
      {R"({"userId":"ann","nbf":1700000000})", "accepted ann"},
      {R"({"userId":"ann","nbf":1700000030})", "accepted ann"},
      {R"({"userId":"ann","nbf":1700000030.5})", kFailed},
      {R"({"userId":"ann","nbf":"1"})", kFailed},
      {R"({"userId":"ann","nbf":-5})", "accepted ann"},
  };
  for (const auto& [claims, answer] : cases)
    EXPECT_EQ(refusal(hs256(), token_with(claims)), answer) << claims;
}

TEST(Auth, the_user_is_user_id_or_else_sub_and_a_usable_string) {
  const std::string longest(limits::kMaxOwner, 'u');
  const std::pair<std::string, std::string> cases[] = {
      {R"({"sub":"ann"})", "accepted ann"},
      {R"({"userId":"ann","sub":"bob"})", "accepted ann"},
      {R"({"userId":"\u00e9\ud83d\ude00"})", "accepted é😀"},
      {R"({"userId":")" + longest + R"("})", "accepted " + longest},
      {R"({"userId":")" + longest + R"(u"})", kNoUser},
      {R"({})", kNoUser},
      {R"({"userId":"","sub":"bob"})", kNoUser},
      {R"({"userId":null,"sub":"bob"})", kNoUser},
      {R"({"userId":7})", kNoUser},
      {R"({"userId":{"$ne":""}})", kNoUser},
      {R"({"sub":["ann"]})", kNoUser},
      {R"({"userId":"a\u0000b"})", kNoUser},
      {R"({"userId":"a\nb"})", kNoUser},
      {R"({"userId":"a\u001b[31m"})", kNoUser},
      {R"({"userId":"a\u007f"})", kNoUser},
      {R"({"userId":"a\u0085"})", kNoUser},
      {R"({"userId":"\ud800"})", kNoUser},
      {R"({"userId":"ann","userId":"bob"})", kFailed},
      {R"({"sub":"ann","s\u0075b":"bob"})", kFailed},
      {R"(["ann"])", kFailed},
      {R"("ann")", kFailed},
      {"{\"userId\":\"\xff\"}", kFailed},
      {"", kFailed},
  };
  for (const auto& [claims, answer] : cases)
    EXPECT_EQ(refusal(hs256(), token_with(claims)), answer) << claims;
}

TEST(Auth, refuses_every_other_spelling_of_a_good_token) {
  const auto good = token_with(R"({"userId":"ann"})");
  ASSERT_EQ(refusal(hs256(), good), "accepted ann");
  auto respelt = good;
  // 32 bytes take 43 characters, the last of which has two unused bits.
  respelt.back() = respelt.back() == 'A' ? 'B' : static_cast<char>(respelt.back() + 1);
  const std::vector<std::string> bad = {good + ".",
                                        good + "=",
                                        " " + good,
                                        good + "\n",
                                        good + ".x",
                                        "." + good,
                                        "Bearer " + good,
                                        respelt,
                                        good.substr(0, good.size() - 1),
                                        good.substr(0, good.rfind('.')),
                                        good.substr(0, good.rfind('.') + 1),
                                        "..",
                                        ".",
                                        "x",
                                        "a.b.c",
                                        good + std::string(1, '\0'),
                                        std::string(1'000'000, 'a')};
  for (const auto& token : bad) EXPECT_EQ(refusal(hs256(), token), kFailed) << token.substr(0, 80);
}

TEST(Auth, refuses_a_change_of_any_single_character) {
  const auto good = token_with(R"({"userId":"ann"})");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto token = good;
    token[i] = token[i] == 'A' ? 'C' : 'A';
    EXPECT_EQ(refusal(hs256(), token), kFailed) << i;
  }
}

TEST(Auth, a_token_over_the_size_limit_is_refused_even_when_it_is_signed) {
  const auto token = token_with(R"({"userId":"ann","pad":")" + std::string(limits::kMaxToken, 'x') + R"("})");
  EXPECT_EQ(refusal(hs256(), token), kFailed);
}

TEST(Auth, a_token_of_another_key_or_hash_is_refused) {
  const std::string other = "another-secret-of-more-than-sixty-four-bytes-so-that-each-hash-takes-it!!";
  const std::string header = R"({"alg":"HS256"})";
  EXPECT_EQ(refusal(hs256(), hmac_token(header, R"({"userId":"ann"})", other)), kFailed);
  EXPECT_EQ(refusal(hs256(), hmac_token(header, R"({"userId":"ann"})", kSecret, Algorithm::hs512)), kFailed);
}

TEST(Auth, refuses_secrets_that_protect_nothing_and_does_not_repeat_them) {
  const TestKey key(rsa(2048));
  for (const auto& secret : {std::string(), std::string("   "), std::string("secret"), std::string("test"),
                             std::string("changeme"), std::string("your-secret-key-change-in-production"),
                             std::string("YOUR-SECRET-KEY-CHANGE-IN-PRODUCTION\n"),
                             std::string("change-this-in-production-use-strong-secret-key"),
                             std::string(31, 'x'), key.private_pem()}) {
    const auto made = Authenticator::make(Algorithm::hs256, secret);
    ASSERT_FALSE(made) << secret;
    EXPECT_EQ(made.error().code, Errc::config);
    if (secret.size() > 8) {
      EXPECT_EQ(made.error().message.find(secret), std::string::npos);
    }
  }
  EXPECT_FALSE(Authenticator::make(Algorithm::hs512, std::string(63, 'x')));
  EXPECT_TRUE(Authenticator::make(Algorithm::hs256, kSecret.substr(0, 32)));
}

TEST(Auth, refuses_public_keys_of_another_kind) {
  const TestKey big_rsa(rsa(2048));
  const TestKey small_rsa(rsa(1024));
  const TestKey p256(ec("P-256"));
  const TestKey p384(ec("P-384"));
  const TestKey ed(ed25519());
  struct Case {
    Algorithm algorithm;
    std::string pem;
  };
  for (const auto& [algorithm, pem] :
       {Case{Algorithm::rs256, p256.public_pem()}, Case{Algorithm::rs256, small_rsa.public_pem()},
        Case{Algorithm::rs256, big_rsa.private_pem()}, Case{Algorithm::es256, big_rsa.public_pem()},
        Case{Algorithm::es256, p384.public_pem()}, Case{Algorithm::es256, ed.public_pem()},
        Case{Algorithm::eddsa, p256.public_pem()}, Case{Algorithm::eddsa, std::string()},
        Case{Algorithm::rs256, kSecret}}) {
    const auto made = Authenticator::make(algorithm, pem);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Errc::config);
  }
}

TEST(Auth, a_public_key_cannot_mint) {
  const TestKey key(ed25519());
  const auto token = Authenticator::make(Algorithm::eddsa, key.public_pem())->mint("ann", kNow, {});
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, Errc::config);
}

TEST(Auth, mint_refuses_users_that_verify_would_refuse) {
  for (const auto& user :
       {std::string(), std::string("a\nb"), std::string("\xe1"), std::string(limits::kMaxOwner + 1, 'u')}) {
    EXPECT_FALSE(hs256().mint(user, kNow, {}));
  }
}

TEST(Auth, knows_the_names_of_its_algorithms) {
  EXPECT_EQ(parse_algorithm("EdDSA"), Algorithm::eddsa);
  EXPECT_EQ(parse_algorithm("HS384"), Algorithm::hs384);
  for (const char* name : {"none", "hs256", "", "PS256", "HS256 "})
    EXPECT_FALSE(parse_algorithm(name)) << name;
}

TEST(Auth, an_administrators_token_is_nobody_elses_and_nobody_elses_is_an_administrators) {
  const auto authenticator = Authenticator::make(Algorithm::hs256, kSecret).value();
  const auto admin = authenticator.mint_admin(kNow, Millis(60'000)).value();
  EXPECT_TRUE(authenticator.verify_admin(admin, kNow));
  EXPECT_FALSE(authenticator.verify_admin(admin, kNow + 60'000)) << "it expires";
  EXPECT_EQ(authenticator.verify(admin, kNow).error().code, Errc::unauthorized);
  EXPECT_EQ(authenticator.verify_worker(admin, kNow).error().code, Errc::unauthorized);
  EXPECT_FALSE(authenticator.verify_admin(authenticator.mint("ann", kNow, {}).value(), kNow));
  EXPECT_FALSE(authenticator.verify_admin(authenticator.mint_worker("w", {"*"}, kNow, {}).value(), kNow));
  EXPECT_EQ(authenticator.verify_admin("", kNow).error().message, "Authentication token required");
}

}  // namespace
}  // namespace hawser::session
