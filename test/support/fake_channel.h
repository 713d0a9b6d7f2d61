#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/limits.h"

namespace hawser::test {

/// Records what is sent. While `stalled`, bytes stay in the buffer until `drain`.
class FakeChannel final : public Channel {
 public:
  void send(SharedBytes message, bool /*binary*/ = false) override {
    if (stalled) buffered += message->size();
    sent.push_back(std::move(message));
  }
  std::size_t buffered_bytes() const override { return buffered; }
  bool is_writable() const override { return buffered == 0 && !stalled; }
  bool has_room() override { return buffered <= limits::kSendHighWater; }
  void close(CloseReason reason) override {
    if (!closed) closed = reason;
  }

  /// The kernel has taken everything.
  void drain() { buffered = 0; }
  /// What was sent since the last call.
  std::vector<std::string> take() {
    std::vector<std::string> texts;
    for (const auto& message : std::exchange(sent, {})) texts.push_back(*message);
    return texts;
  }

  bool stalled = false;
  std::size_t buffered = 0;
  std::vector<SharedBytes> sent;
  std::optional<CloseReason> closed;
};

}  // namespace hawser::test
