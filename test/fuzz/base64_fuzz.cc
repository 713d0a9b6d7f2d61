#include "engineio/base64.h"

#include <algorithm>
#include <string>

#include "session/base64url.h"
#include "test/fuzz/check.h"

namespace {

using hawser::fuzz::check;

std::string encode(std::string_view bytes) {
  std::string text;
  hawser::engineio::append_base64(text, bytes);
  return text;
}

std::optional<std::string> decode(std::string text) {
  const auto size = hawser::engineio::decode_base64_in_place(text);
  if (!size) return std::nullopt;
  check(*size <= text.size(), "decoding stays in place");
  text.resize(*size);
  return text;
}

/// The standard spelling of a URL-safe text, which differs in two characters and the padding.
std::string standard(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

}  // namespace

/// Both base64 codecs: every text has at most one meaning, every meaning exactly one text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = hawser::fuzz::text_of(data, size);
  check(decode(encode(input)) == input, "bytes survive base64");
  const auto url = hawser::session::base64url_encode(input);
  check(hawser::session::base64url_decode(url) == input, "bytes survive base64url");
  check(standard(url) == encode(input), "the two alphabets write the same");

  if (const auto bytes = decode(std::string(input))) check(encode(*bytes) == input, "base64 is canonical");
  const auto bytes = hawser::session::base64url_decode(input);
  if (bytes) check(hawser::session::base64url_encode(*bytes) == input, "base64url is canonical");
  const bool is_url_safe = input.find_first_of("+/=") == std::string_view::npos;
  if (is_url_safe) check(decode(standard(std::string(input))) == bytes, "the two alphabets read the same");
  return 0;
}
