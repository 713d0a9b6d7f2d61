#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/channel.h"
#include "base/loop.h"
#include "fanout/local_broadcaster.h"
#include "server/conformance_socket.h"
#include "socketio/connection.h"

namespace hawser::server {

/// What the sessions of the conformance mode share. Made before the loops run, and outlives them.
struct ConformanceParts {
  Random& random;
  Duration connect_timeout;
  std::map<std::string, std::unique_ptr<fanout::LocalBroadcaster>, std::less<>> namespaces;
};

/// Sends everything back as it came: the application of the bare Engine.IO endpoint.
class EchoSession final : public ChannelHandler {
 public:
  explicit EchoSession(Channel& channel) : channel_(channel) {}

  void on_message(std::string_view message, bool binary) override {
    channel_.send(share(std::string(message)), binary);
  }
  bool is_authenticated() const override { return true; }  // Nobody has to be.
  void on_writable() override {}
  void on_closed(std::string_view) override {}

 private:
  Channel& channel_;
};

/// The Socket.IO side of one connection in conformance mode: lets everybody into the namespaces of its
/// parts and nobody into `/refuse`. Owned by `net`; lives on its core.
class ConformanceSession final : public ChannelHandler {
 public:
  ConformanceSession(const ConformanceParts& parts, Loop& loop, Channel& channel);
  ~ConformanceSession() override;
  ConformanceSession(const ConformanceSession&) = delete;
  ConformanceSession& operator=(const ConformanceSession&) = delete;

  void on_message(std::string_view message, bool binary) override;
  bool is_authenticated() const override { return true; }  // Nobody has to be.
  void on_writable() override {}
  void on_closed(std::string_view reason) override;

 private:
  void act(socketio::Nothing) {}
  void act(socketio::Reply reply);
  void act(const socketio::ConnectRequest& request);
  void act(socketio::Received received);
  void act(const socketio::Left& left);
  void act(const socketio::Violation& violation);

  void accept(const std::string& nsp, std::string_view auth);
  void leave(const std::string& nsp);
  void leave_all();

  const ConformanceParts& parts_;
  Loop& loop_;
  Channel& channel_;
  socketio::Connection connection_;
  TimerId connect_timer_ = TimerId::none;
  std::map<std::string, std::unique_ptr<ConformanceSocket>, std::less<>> sockets_;  ///< by namespace
};

}  // namespace hawser::server
