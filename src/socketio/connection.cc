#include "socketio/connection.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace hawser::socketio {
namespace {

Violation broken(std::string message) {
  return {CloseReason::protocol_error, std::move(message)};
}

}  // namespace

Connection::Connection(std::vector<std::string> namespaces, TimePoint connect_deadline)
    : connect_deadline_(connect_deadline) {
  for (auto& name : namespaces) namespaces_.emplace(std::move(name), State::absent);
}

Action Connection::on_message(std::string_view message, bool binary) {
  return binary ? on_binary(message) : on_text(message);
}

Action Connection::on_text(std::string_view message) {
  if (pending_) return broken("A text message came while attachments were due.");
  auto packet = decode(message);
  if (!packet) return broken(std::move(packet.error().message));
  switch (packet->type) {
    case PacketType::connect: return on_connect(*packet);
    case PacketType::connect_error: return broken("Only a server sends CONNECT_ERROR.");
    default: return on_packet(*std::move(packet), message);
  }
}

Action Connection::on_connect(const Packet& packet) {
  const auto found = namespaces_.find(packet.nsp);
  if (found == namespaces_.end()) return Reply{encode_connect_error(packet.nsp, "Invalid namespace")};
  if (found->second != State::absent) return broken("The namespace is connected already.");
  if (!has_room()) return Reply{encode_connect_error(packet.nsp, "Too many namespaces")};
  found->second = State::asked;
  return ConnectRequest{found->first, packet.payload};
}

Action Connection::on_packet(Packet packet, std::string_view message) {
  if (!is_connected(packet.nsp)) return broken("The namespace is not connected.");
  if (packet.type == PacketType::disconnect) {
    namespaces_.find(packet.nsp)->second = State::absent;
    return Left{std::string(packet.nsp)};
  }
  if (packet.attachments == 0) return Received{std::move(packet), {}, nullptr};
  pending_ = Pending{std::make_shared<const std::string>(message), packet.attachments, 0, {}};
  return Nothing{};
}

Action Connection::on_binary(std::string_view message) {
  if (!pending_) {
    // Ours is the default parser; another one, msgpack for example, begins with a binary CONNECT.
    if (!was_accepted_) return Violation{CloseReason::unsupported, "Only the default parser is supported."};
    return broken("A binary message came while none was due.");
  }
  pending_->bytes += message.size();
  if (pending_->bytes > limits::kMaxAttachmentBytes) return broken("The attachments are too large.");
  pending_->attachments.push_back(share(std::string(message)));
  if (pending_->attachments.size() < pending_->due) return Nothing{};

  auto complete = *std::exchange(pending_, std::nullopt);
  auto packet = *decode(*complete.header);
  return Received{std::move(packet), std::move(complete.attachments), std::move(complete.header)};
}

std::optional<TimePoint> Connection::deadline() const {
  if (was_accepted_) return std::nullopt;
  return connect_deadline_;
}

bool Connection::is_connected(std::string_view nsp) const {
  const auto found = namespaces_.find(nsp);
  return found != namespaces_.end() && found->second == State::connected;
}

bool Connection::has_room() const {
  const auto used =
      std::ranges::count_if(namespaces_, [](const auto& entry) { return entry.second != State::absent; });
  return static_cast<std::size_t>(used) < limits::kMaxNamespaces;
}

std::vector<std::string> Connection::connected() const {
  std::vector<std::string> names;
  for (const auto& [name, state] : namespaces_) {
    if (state == State::connected) names.push_back(name);
  }
  return names;
}

std::string Connection::accept(std::string_view nsp, std::string_view sid, std::string_view pid) {
  namespaces_.find(nsp)->second = State::connected;
  was_accepted_ = true;
  json::Object answer;
  answer.add("sid", sid);
  if (!pid.empty()) answer.add("pid", pid);
  return encode_connect(nsp, answer.str());
}

std::string Connection::refuse(std::string_view nsp, std::string_view message, std::string_view data_json) {
  namespaces_.find(nsp)->second = State::absent;
  return encode_connect_error(nsp, message, data_json);
}

std::string Connection::leave(std::string_view nsp) {
  namespaces_.find(nsp)->second = State::absent;
  return encode_disconnect(nsp);
}

}  // namespace hawser::socketio
