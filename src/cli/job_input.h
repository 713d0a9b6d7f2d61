#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/error.h"

namespace hawser::cli {

/// What `--input` means: JSON itself, "@FILE", or "-" for `standard_input`. Checked to be one JSON value of
/// at most limits::kMaxInputBytes. Errors (bad_request) name the source.
Result<std::string> read_job_input(const std::string& argument, std::istream& standard_input);

}  // namespace hawser::cli
