#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/message.h"

namespace hawser::socketio {

/// Builds the payload of an event or ack: binary values stand aside, placeholders in their places.
class Arguments {
 public:
  /// Those of an ack.
  Arguments() = default;
  /// Those of an event of this name.
  explicit Arguments(std::string_view event) { add(json::quoted(event)); }

  /// `json` is one valid value without placeholders.
  Arguments& add(std::string_view json);
  Arguments& add_binary(SharedBytes bytes);
  /// Passes on values that were received with `attachments`. Once, and before any binary value is added:
  /// their placeholders count from the first attachment.
  Arguments& relay(json::View::Elements values, std::vector<SharedBytes> attachments);

  /// Ends the array and gives it away; call once.
  Payload take();

 private:
  void separate();

  std::string json_ = "[";
  std::vector<SharedBytes> attachments_;
};

}  // namespace hawser::socketio
