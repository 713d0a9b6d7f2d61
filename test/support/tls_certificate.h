#pragma once

#include <openssl/ssl.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace hawser::test {

/// A self-signed certificate for localhost and 127.0.0.1 with its key, made by the openssl program in a
/// directory of its own.
class TlsCertificate {
 public:
  explicit TlsCertificate(const std::string& name = "first", const std::string& more = "") {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-tls-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
        " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " + key_file() + " -out " +
        certificate_file() + ' ' + more);
  }
  ~TlsCertificate() { std::filesystem::remove_all(directory_); }
  TlsCertificate(const TlsCertificate&) = delete;
  TlsCertificate& operator=(const TlsCertificate&) = delete;

  std::string certificate_file() const { return (directory_ / "cert.pem").string(); }
  std::string key_file() const { return (directory_ / "key.pem").string(); }
  std::string certificate() const { return read(certificate_file()); }
  std::string key() const { return read(key_file()); }

  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  static void run(const std::string& command) {
    if (std::system((command + " 2>/dev/null").c_str()) != 0) throw std::runtime_error("failed: " + command);
  }

 private:
  std::filesystem::path directory_;
};

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ClientTls = std::unique_ptr<SSL_CTX, FreeTlsContext>;

/// For clients that take any certificate.
inline ClientTls client_tls() {
  return ClientTls(SSL_CTX_new(TLS_client_method()));
}

}  // namespace hawser::test
