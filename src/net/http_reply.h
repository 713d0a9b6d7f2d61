#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "engineio/handshake.h"

namespace hawser::net {

/// An answer before it is put into the terms of one connection.
struct HttpReply {
  int status = 200;
  std::string content_type{};  ///< empty: no body
  SharedBytes body{};
  std::string headers{};  ///< further lines, each with its CRLF
  bool close = false;     ///< ends the connection
};

/// The answer to a polling request that is refused, with `reason` in place of the standard message if there
/// is one.
HttpReply refusal(engineio::ErrorCode code, std::string_view reason = {});
/// The answer to an upgrade that is refused: the bare message, and the connection ends.
HttpReply upgrade_refusal(engineio::ErrorCode code);
/// New sessions are not taken now.
HttpReply unavailable();
/// A plain sentence.
HttpReply plain_reply(int status);

std::string_view status_text(int status);

struct HttpFraming {
  bool http_1_0 = false;
  bool head_only = false;  ///< the request was HEAD
  bool close = false;
};

/// The head of an answer, up to and with the empty line.
std::string encode_head(const HttpReply& reply, const HttpFraming& framing, std::string_view more_headers);

}  // namespace hawser::net
