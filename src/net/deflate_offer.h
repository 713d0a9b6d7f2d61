#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hawser::net {

/// What permessage-deflate (RFC 7692) means on one connection. Both directions are without context takeover:
/// every message stands alone, so that a connection holds no window of its own, a core needs one inflater,
/// and the compressed form of a message serves all its readers.
struct DeflateTerms {
  /// The client wants our window this small, 9 to 15; absent: it did not ask.
  std::optional<int> server_max_window_bits;

  int window_bits() const { return server_max_window_bits.value_or(15); }
};

/// The first offer of a Sec-WebSocket-Extensions value that we can accept. Nothing when there is none: other
/// extensions, unknown, repeated or malformed parameters, a server window of 8 bits (which zlib cannot do),
/// or a value that is no list of extensions.
std::optional<DeflateTerms> choose_deflate(std::string_view offers);

/// The value of our Sec-WebSocket-Extensions header.
std::string to_header(const DeflateTerms& terms);

}  // namespace hawser::net
