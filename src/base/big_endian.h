#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser {

/// The eight bytes of a number, the highest first, so that texts sort by number.
void append_big_endian(std::string& out, std::uint64_t value);
/// Of the first eight bytes, which must be there.
std::uint64_t read_big_endian(std::string_view bytes);

}  // namespace hawser
