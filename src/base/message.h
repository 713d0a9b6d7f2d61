#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"

namespace hawser {

/// What a Socket.IO event or ack carries: a JSON array, and the bytes that its placeholders
/// `{"_placeholder":true,"num":n}` stand for.
struct Payload {
  std::string json;
  std::vector<SharedBytes> attachments;
};

/// A Socket.IO packet as the messages it travels in: a text, and its attachments behind it with nothing
/// between them. Encoded once and shared by all who get it.
struct EncodedPacket {
  SharedBytes text;
  std::vector<SharedBytes> attachments;
};

}  // namespace hawser
