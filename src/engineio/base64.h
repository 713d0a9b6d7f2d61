#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hawser::engineio {

/// Appends the standard base64 of `bytes`, padded (RFC 4648, section 4).
void append_base64(std::string& out, std::string_view bytes);

/// Decodes padded standard base64 over itself and returns how many bytes it holds now. Nothing, and an
/// undefined rest, when the text is not canonical base64.
std::optional<std::size_t> decode_base64_in_place(std::span<char> text);

}  // namespace hawser::engineio
