#include "net/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <ctime>
#include <string_view>

namespace hawser::net {
namespace {

/// TLS 1.2: ephemeral keys and authenticated encryption only. All suites of TLS 1.3 are of that kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
/// As it stands in the handshake: each name with its length before it.
constexpr std::string_view kHttp11 = "\x08http/1.1";

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

Bio open(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// OpenSSL's words for the last failure; they name kinds of faults, never content.
std::string last_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "unknown error" : reason;
}

std::unexpected<Error> refused(std::string what) {
  ERR_clear_error();
  return fail(Errc::config, std::move(what));
}

/// Without it OpenSSL would ask the terminal for the passphrase.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kHttp11.data());
  if (SSL_select_next_proto(&chosen, out_size, ours, kHttp11.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kCiphers);
  SSL_CTX_set1_groups_list(context, kGroups);
  // A peer that just goes away is an end like any other: HTTP and WebSocket mark their own ends.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);          // Connections are many and mostly idle.
  SSL_CTX_set_read_ahead(context, 1);                           // One system call a record instead of two.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // Tickets do; they cost us no memory.
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const {
  SSL_CTX_free(context);
}

Result<TlsContext> TlsContext::with_certificates(const std::string& chain) {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return refused("cannot be used: " + last_error());
  set_rules(context.get());
  const auto text = open(chain);
  const Certificate first(PEM_read_bio_X509_AUX(text.get(), nullptr, no_passphrase, nullptr));
  if (!first) return refused("holds no certificate in PEM form");
  if (SSL_CTX_use_certificate(context.get(), first.get()) != 1) {
    return refused("holds a certificate that cannot be used: " + last_error());
  }
  while (Certificate next{PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context.get(), next.get()) != 1) {
      return refused("holds a chain that cannot be used: " + last_error());
    }
    next.release();  // NOLINT(bugprone-unused-return-value): the context owns it now.
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return refused("holds a damaged certificate behind the first one");
  }
  ERR_clear_error();
  return TlsContext(std::move(context));
}

Status TlsContext::use_key(const std::string& key) {
  ERR_clear_error();
  const auto text = open(key);
  const Key parsed(PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr));
  if (!parsed) return refused("holds no private key in PEM form without a passphrase");
  if (SSL_CTX_use_PrivateKey(context_.get(), parsed.get()) != 1 ||
      SSL_CTX_check_private_key(context_.get()) != 1) {
    return refused("holds a key that does not belong to the certificate");
  }
  return {};
}

WallMillis TlsContext::expires_at() const {
  std::tm time{};
  ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context_.get())), &time);
  return WallMillis{::timegm(&time)} * 1000;
}

}  // namespace hawser::net
