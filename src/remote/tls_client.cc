#include "remote/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>

namespace hawser::remote {

namespace asio = boost::asio;

void expect_host(SSL* ssl, const std::string& host) {
  boost::system::error_code no_address;
  asio::ip::make_address(host, no_address);
  if (no_address) {
    SSL_set1_host(ssl, host.c_str());
    SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
  } else {  // An address is no server name (RFC 6066, section 3).
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  }
}

void trust(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  }
  ERR_clear_error();  // What cannot be loaded is missed by the handshake.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

Error explain_tls(const boost::system::error_code& error, const std::string& where, SSL* ssl) {
  const auto code = static_cast<unsigned long>(error.value());
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) {
    return {Errc::config, fmt::format("{} does not speak TLS; use http:// there.", where)};
  }
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return {Errc::config,
            fmt::format("The certificate of {} is not accepted: {}. If it is the right server, name who "
                        "vouches for it with --ca-file or SSL_CERT_FILE.",
                        where, X509_verify_cert_error_string(SSL_get_verify_result(ssl)))};
  }
  return {Errc::unavailable, fmt::format("{}: {}.", where, error.message())};
}

}  // namespace hawser::remote
