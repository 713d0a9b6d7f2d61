#include "session/secret_strength.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace hawser::session {
namespace {

/// Printed in examples of the original system, of jwt.io and of well-known tutorials.
constexpr std::array<std::string_view, 20> kSamples = {
    "your-secret-key-change-in-production",
    "change-this-in-production-use-strong-secret-key",
    "change-this-in-production",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-super-secret-jwt-token-with-at-least-32-characters-long",
    "your-secret-key",
    "your_jwt_secret",
    "super-secret",
    "supersecret",
    "secretkey",
    "secret",
    "test",
    "changeme",
    "change-me",
    "password",
    "jwt-secret",
};

constexpr std::string_view kHowTo = "Make one with: openssl rand -base64 48";

std::size_t hash_size(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hs384: return 48;
    case Algorithm::hs512: return 64;
    default: return 32;
  }
}

/// Lower case, without white space at the ends: a sample in capitals is still a sample.
std::string normalised(std::string_view secret) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = secret.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  std::string text(secret.substr(first, secret.find_last_not_of(kSpace) - first + 1));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace

Status check_secret(Algorithm algorithm, std::string_view secret) {
  const auto text = normalised(secret);
  if (text.empty()) return fail(Errc::config, fmt::format("The token secret is empty. {}", kHowTo));
  if (std::ranges::find(kSamples, text) != kSamples.end()) {
    return fail(
        Errc::config,
        fmt::format("The token secret is a well-known sample that anybody can sign with. {}", kHowTo));
  }
  if (text.starts_with("-----begin")) {
    return fail(Errc::config,
                "The token secret is a PEM key. For RS256, ES256 and EdDSA set auth.algorithm and "
                "auth.public_key_file instead.");
  }
  if (secret.size() < hash_size(algorithm)) {
    return fail(Errc::config,
                fmt::format("The token secret has {} bytes; its algorithm needs at least {}. {}",
                            secret.size(), hash_size(algorithm), kHowTo));
  }
  return {};
}

}  // namespace hawser::session
