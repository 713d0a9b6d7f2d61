#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engineio/connection.h"

namespace hawser::engineio {

using namespace std::chrono_literals;

/// Drives one machine and writes down its actions in words, so that a test reads like a protocol trace.
class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() { machine_.emplace("SID", settings_, now_); }

  using Trace = std::vector<std::string>;

  void open_by_poll() {
    machine_->open_by_poll(1);
    taken();
  }
  void open_by_websocket() {
    machine_->open_by_websocket(10);
    taken();
  }
  void upgrade(SocketId socket = 10) {
    machine_->websocket_opened(socket, now_);
    receive(socket, "2probe");
    receive(socket, "5");
    taken();
  }
  void receive(SocketId socket, std::string_view text) {
    machine_->websocket_message(socket, text, false, now_);
  }
  void post(RequestId request, std::string body) {
    machine_->begin_post(request, now_);
    PayloadReader reader(body);
    while (const auto packet = reader.next()) machine_->post_packet(request, *packet, now_);
    machine_->end_post(request, !reader.failed(), now_);
    traced_ = taken();  // While `body` lives.
  }
  void send(std::string text) { machine_->send(share(std::move(text)), false); }
  /// Moves time to the machine's own deadline, at most to `limit`.
  void run_until(Duration limit) {
    const auto end = start_ + limit;
    while (machine_->next_deadline() && *machine_->next_deadline() <= end) {
      now_ = *machine_->next_deadline();
      machine_->timer(now_);
    }
    now_ = end;
  }

  Trace taken() {
    std::vector<Action> actions;
    machine_->take_actions(actions);
    Trace words;
    for (const auto& action : actions)
      words.push_back(std::visit([](const auto& a) { return describe(a); }, action));
    return words;
  }

  static std::string describe(const action::Receive& a) {
    return (a.binary ? "receive binary " : "receive ") + std::string(a.data);
  }
  static std::string describe(const action::AnswerPoll& a) {
    std::string payload = a.payload;
    for (auto& c : payload) c = c == '\x1e' ? '|' : c;
    return "poll " + std::to_string(a.request) + " <- " + payload;
  }
  static std::string describe(const action::AnswerPost& a) {
    return "post " + std::to_string(a.request) + " <- ok";
  }
  static std::string describe(const action::Refuse& a) {
    return "refuse " + std::to_string(a.request) + " code " + std::to_string(static_cast<int>(a.code));
  }
  static std::string describe(const action::Write& a) {
    const auto type = a.packet.binary ? std::string("binary ") : std::string(1, type_char(a.packet.type));
    return "ws " + std::to_string(a.socket) + " <- " + type + std::string(a.packet.bytes());
  }
  static std::string describe(const action::CloseSocket& a) {
    return "close ws " + std::to_string(a.socket) + ' ' + std::to_string(a.status.code) +
           (a.discard ? " discard" : "");
  }
  static std::string describe(const action::Closed& a) { return "closed " + std::string(a.reason); }
  static std::string describe(const action::Forget&) { return "forget"; }

  const Settings settings_{.ping_interval = Millis(300), .ping_timeout = Millis(200)};
  const TimePoint start_{1000s};
  TimePoint now_ = start_;
  std::optional<Connection> machine_;
  Trace traced_;
};

}  // namespace hawser::engineio
