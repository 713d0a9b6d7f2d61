#include "session/hmac.h"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace hawser::session {

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> digest{};
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
                digest.size(), &size) == nullptr ||
      size != digest.size()) {
    throw std::runtime_error("OpenSSL cannot compute an HMAC");
  }
  return {digest.begin(), digest.end()};
}

}  // namespace hawser::session
