#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::utf8 {

/// Length of the well-formed sequence at the start of `text` (Unicode 15, table 3-7: no overlong forms, no
/// surrogates, nothing above U+10FFFF); 0 when there is none.
std::size_t sequence_length(std::string_view text);

bool is_valid(std::string_view text);

/// Appends the encoding of a code point; U+FFFD for surrogates and values out of range.
void append(std::string& out, std::uint32_t code_point);

}  // namespace hawser::utf8
