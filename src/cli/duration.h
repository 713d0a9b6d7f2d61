#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace hawser::cli {

/// "90s", "15m", "1h", "7d": a positive whole number and its unit.
std::optional<Millis> parse_duration(std::string_view text);

}  // namespace hawser::cli
