#include <openssl/x509.h>

#include <string>

#include "test/net/server_fixture.h"

namespace hawser::net {
namespace {

using test::client_tls;
using test::ClientTls;
using test::RawClient;

class TlsServerTest : public ServerTest {
 protected:
  TlsServerTest() { tls_ = make_tls(test_certificate()); }

  RawClient connect_plain() { return RawClient(server_->port()); }
  void expect_alive() { EXPECT_EQ(connect().get("/health").status, 200); }
  /// A context that offers only what the arguments say.
  static ClientTls offering(int min_version, int max_version) {
    auto context = client_tls();
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), min_version);
    SSL_CTX_set_max_proto_version(context.get(), max_version);
    return context;
  }
  static std::string subject(RawClient& client) {
    auto* name = X509_get_subject_name(SSL_get0_peer_certificate(client.tls()));
    char text[64] = {};
    X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text));
    return text;
  }
};

TEST_F(TlsServerTest, speaks_versions_1_2_and_1_3_with_forward_secrecy) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto context = offering(version, version);
    auto client = connect_plain();
    ASSERT_TRUE(client.try_secure(context.get()));
    EXPECT_EQ(SSL_version(client.tls()), version);
    EXPECT_EQ(SSL_CIPHER_is_aead(SSL_get_current_cipher(client.tls())), 1);
    EXPECT_EQ(client.get("/health").status, 200);
  }
}

TEST_F(TlsServerTest, refuses_older_versions_and_weak_ciphers) {
  start();
  const auto old = offering(TLS1_VERSION, TLS1_1_VERSION);
  EXPECT_FALSE(connect_plain().try_secure(old.get()));
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
  for (const auto* ciphers : {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-NULL-SHA"}) {
    const auto weak = offering(TLS1_2_VERSION, TLS1_2_VERSION);
    ASSERT_EQ(SSL_CTX_set_cipher_list(weak.get(), ciphers), 1) << ciphers;
    EXPECT_FALSE(connect_plain().try_secure(weak.get())) << ciphers;
  }
  expect_alive();
}

TEST_F(TlsServerTest, chooses_http_1_1_or_nothing) {
  start();
  const std::pair<std::string, bool> table[] = {
      {"\x02h2\x08http/1.1", true}, {"\x08http/1.1", true}, {"\x02h2", false}};
  for (const auto& [offered, accepted] : table) {
    const auto context = client_tls();
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
    auto client = connect_plain();
    EXPECT_EQ(client.try_secure(context.get()), accepted) << offered;
    if (!accepted) continue;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.tls(), &chosen, &size);
    EXPECT_EQ(std::string(chosen, chosen + size), "http/1.1");
  }
}

TEST_F(TlsServerTest, does_not_renegotiate) {
  start();
  const auto context = offering(TLS1_2_VERSION, TLS1_2_VERSION);
  auto client = connect_plain();
  ASSERT_TRUE(client.try_secure(context.get()));
  EXPECT_EQ(client.get("/health").status, 200);
  ASSERT_EQ(SSL_renegotiate(client.tls()), 1);
  EXPECT_NE(SSL_do_handshake(client.tls()), 1);
  expect_alive();
}

TEST_F(TlsServerTest, tells_clients_of_plain_http_and_closes) {
  start();
  auto client = connect_plain();
  const auto response = client.get("/health");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "This port speaks HTTPS: use https or wss.\n");
  EXPECT_EQ(client.read_to_end(), "");
  expect_alive();
}

TEST_F(TlsServerTest, survives_garbage_and_handshakes_that_end_at_any_byte) {
  start();
  // What an honest client begins with, taken from one that talks to itself.
  const auto context = client_tls();
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  auto* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_connect(ssl.get());
  char* bytes = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &bytes));
  ASSERT_GT(size, 100U);
  for (std::size_t cut = 0; cut < size; cut += 13) {
    auto client = connect_plain();
    client.send({bytes, cut});
    client.shut_down_sending();
    client.read_to_end();
    auto other = connect_plain();
    other.send({bytes, cut});
    other.reset();
  }
  for (const std::string& garbage : {std::string(4'096, '\0'), std::string(4'096, '\xff'),
                                     "\x16\x03\x01\xff\xff" + std::string(4'096, 'x')}) {
    auto client = connect_plain();
    client.try_send(garbage);
    client.shut_down_sending();
    client.read_to_end();
  }
  expect_alive();
  EXPECT_TRUE(closed_.lines().empty());
}

TEST_F(TlsServerTest, reads_a_handshake_and_a_request_byte_by_byte) {
  start();
  auto client = connect_plain();
  const auto context = client_tls();
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context.get()), SSL_free);
  auto* in = BIO_new(BIO_s_mem());
  auto* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), in, out);
  const auto send_bytes = [&] {
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &bytes));
    for (std::size_t i = 0; i < size; ++i) client.send({bytes + i, 1});
    BIO_reset(out);
  };
  while (SSL_connect(ssl.get()) != 1) {
    send_bytes();
    const auto byte = client.read(1);
    BIO_write(in, byte.data(), 1);
  }
  constexpr std::string_view kRequest = "GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
  SSL_write(ssl.get(), kRequest.data(), kRequest.size());
  send_bytes();
  const auto answer = client.read_to_end();
  BIO_write(in, answer.data(), static_cast<int>(answer.size()));
  std::string text(4'096, '\0');
  text.resize(static_cast<std::size_t>(std::max(0, SSL_read(ssl.get(), text.data(), 4'096))));
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\n")) << text;
  EXPECT_LE(SSL_read(ssl.get(), text.data(), 1), 0);
  EXPECT_EQ(SSL_get_shutdown(ssl.get()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN)
      << "the end is said with close_notify";
}

TEST_F(TlsServerTest, ends_handshakes_that_take_too_long) {
  config_.http_read_timeout = 100ms;
  start();
  auto silent = connect_plain();
  auto slow = connect_plain();
  slow.send("\x16\x03\x01");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(slow.read_to_end(), "");
}

TEST_F(TlsServerTest, ends_silent_connections_over_the_limit_too) {
  config_.max_connections = 1;
  config_.http_read_timeout = 100ms;
  start();
  auto first = connect();
  first.upgrade(kWebSocket);
  auto silent = connect_plain();
  EXPECT_EQ(silent.read_to_end(), "");
}

TEST_F(TlsServerTest, new_connections_get_a_new_certificate_and_old_ones_live_on) {
  start(2);
  auto old = connect();
  old.upgrade(kWebSocket);
  old.read_text();
  EXPECT_EQ(subject(old), "first");
  server_->use_tls(make_tls(test::TlsCertificate("second")));
  auto fresh = connect();
  EXPECT_EQ(subject(fresh), "second");
  EXPECT_EQ(fresh.get("/health").status, 200);
  old.send_text("4still here");
  EXPECT_EQ(old.read_text(), "4still here");
}

TEST_F(TlsServerTest, resumes_sessions_on_any_loop_by_tickets) {
  start(2);
  SSL_SESSION* ticket = nullptr;
  const auto context = client_tls();
  auto first = connect_plain();
  ASSERT_TRUE(first.try_secure(context.get()));
  EXPECT_EQ(first.get("/health").status, 200);  // Tickets of 1.3 come behind the handshake.
  ticket = SSL_get1_session(first.tls());
  for (int i = 0; i < 8; ++i) {
    auto client = connect_plain();
    ASSERT_TRUE(client.try_secure(context.get(), ticket));
    EXPECT_EQ(SSL_session_reused(client.tls()), 1);
    EXPECT_EQ(client.get("/health").status, 200);
  }
  // A new certificate has new ticket keys: the handshake is a whole one, and succeeds.
  server_->use_tls(make_tls(test_certificate()));
  auto client = connect_plain();
  ASSERT_TRUE(client.try_secure(context.get(), ticket));
  EXPECT_EQ(SSL_session_reused(client.tls()), 0);
  SSL_SESSION_free(ticket);
}

TEST_F(TlsServerTest, certificates_and_keys_that_cannot_be_used_are_refused_with_the_reason) {
  const auto& good = test_certificate();
  const test::TlsCertificate other("other");
  const auto refuse_chain = [](const std::string& chain) {
    const auto context = TlsContext::with_certificates(chain);
    return context ? "accepted" : context.error().message;
  };
  EXPECT_EQ(refuse_chain(""), "holds no certificate in PEM form");
  EXPECT_EQ(refuse_chain(good.key()), "holds no certificate in PEM form");
  EXPECT_EQ(refuse_chain(good.certificate() + other.certificate()), "accepted");
  EXPECT_EQ(
      refuse_chain(good.certificate() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      "holds a damaged certificate behind the first one");
  auto context = TlsContext::with_certificates(good.certificate());
  ASSERT_TRUE(context);
  EXPECT_EQ(context->use_key(good.certificate()).error().message,
            "holds no private key in PEM form without a passphrase");
  EXPECT_EQ(context->use_key(other.key()).error().message,
            "holds a key that does not belong to the certificate");
  const auto locked = good.key_file() + ".locked";
  test::TlsCertificate::run("openssl ec -aes128 -passout pass:secret -in " + good.key_file() + " -out " +
                            locked);
  EXPECT_EQ(context->use_key(test::TlsCertificate::read(locked)).error().message,
            "holds no private key in PEM form without a passphrase");
  EXPECT_TRUE(context->use_key(good.key()));
  const auto now = runtime::system_clock().wall_now();
  EXPECT_NEAR(static_cast<double>(context->expires_at() - now), 2.0 * 86'400'000, 3'600'000);
}

}  // namespace
}  // namespace hawser::net
