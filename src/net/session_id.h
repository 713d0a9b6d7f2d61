#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/loop.h"

/// Engine.IO session ids: 20 URL-safe characters, the first two of which name the core of the session, the
/// other 18 are 108 random bits. Who knows a sid is its session, so it is never logged.
namespace hawser::net {

inline constexpr std::size_t kSidSize = 20;
/// What two characters can name.
inline constexpr std::size_t kMaxCores = 4096;

std::string make_sid(Random& random, std::size_t core);
/// The core in a well-formed sid.
std::optional<std::size_t> core_of_sid(std::string_view sid);

}  // namespace hawser::net
