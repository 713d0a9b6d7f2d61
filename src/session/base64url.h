#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hawser::session {

/// URL-safe base64 without padding (RFC 4648 section 5), the form of JSON Web Tokens.
std::string base64url_encode(std::string_view bytes);

/// Strict: no padding, no white space, no standard alphabet, and the unused bits of the last character
/// are zero. So every byte string has exactly one text, and a signed text cannot be respelt.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace hawser::session
