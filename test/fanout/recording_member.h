#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fanout/rooms.h"

namespace hawser::fanout {

/// Writes down the packets it gets; the volatile ones with a mark.
class RecordingMember final : public Member {
 public:
  explicit RecordingMember(std::string id) : id_(std::move(id)) {}

  const std::string& id() const override { return id_; }
  void deliver(const EncodedPacket& packet, bool is_volatile) override {
    texts.push_back((is_volatile ? "volatile " : "") + *packet.text);
    packets.push_back(packet);
  }

  std::vector<std::string> texts;
  std::vector<EncodedPacket> packets;

 private:
  std::string id_;
};

}  // namespace hawser::fanout
