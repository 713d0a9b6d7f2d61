#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hawser::server {

/// " Did you mean server.port?" when one of the known words is close to `word`, else nothing.
std::string suggestion(std::string_view word, std::span<const std::string> known);

}  // namespace hawser::server
