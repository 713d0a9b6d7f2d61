#pragma once

#include <cstddef>
#include <string_view>

namespace hawser::socketio {

/// Whether every `{"_placeholder":true,"num":n}` in `json`, at any depth, names one of `attachments`.
/// A relayed packet with a wrong one would make the parser of each receiver close its connection.
/// `json` must have passed json::validate. One pass.
bool placeholders_are_valid(std::string_view json, std::size_t attachments);

}  // namespace hawser::socketio
