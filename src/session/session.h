#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/channel.h"
#include "base/gauge.h"
#include "session/client.h"
#include "session/core.h"
#include "session/outlet.h"
#include "session/remote_worker.h"
#include "socketio/connection.h"

namespace hawser::session {

/// The application of one Engine.IO session: Socket.IO's rules, authentication at CONNECT, the Client while
/// the default namespace is connected, and the RemoteWorker while /workers is. Made by Core, owned by `net`;
/// lives on its core.
class Session final : public ChannelHandler {
 public:
  Session(Core& core, Channel& channel, const HandshakeInfo& info);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_message(std::string_view message, bool binary) override;
  /// Either by CONNECT, or already by the token in the query.
  bool is_authenticated() const override;
  void on_writable() override;
  void on_closed(std::string_view reason) override;

  void announce_shutdown();
  /// Only while it is in the namespace of workers.
  void on_commit(const job::CommitGroup& group);
  /// Its client has come back on another connection.
  void close_for_heir() { outlet_.close(CloseReason::taken_over); }
  /// When the default namespace was connected.
  TimePoint connected_at() const { return connected_at_; }

 private:
  void act(socketio::Nothing) {}
  void act(const socketio::Reply& reply);
  void act(const socketio::ConnectRequest& request);
  void act(const socketio::Received& received);
  void act(const socketio::Left& left);
  void act(const socketio::Violation& violation);

  void connect_client(const socketio::ConnectRequest& request);
  void connect_worker(const socketio::ConnectRequest& request);
  void refuse(std::string_view nsp, const Error& error);
  Arrival arrival(Identity identity, std::string_view auth);
  void renew(bool recoverable, const std::string& user, std::uint64_t position);
  void accept();
  void forget_client();
  void forget_worker();
  void stop_waiting();
  void end_for_good(std::string_view nsp);
  void mind_attachments();

  Core& core_;
  Line line_;
  Outlet outlet_;
  Outlet to_worker_;
  std::string query_token_;
  bool knows_query_token_ = false;  ///< it proves who the peer is, before CONNECT does
  socketio::Connection connection_;
  TimerId connect_timer_ = TimerId::none;
  std::string sid_;  ///< in the default namespace; while it waits for its cursor, the one to be recovered
  std::string pid_;  ///< as the client presented it
  TimePoint connected_at_;
  TimerId attachment_timer_ = TimerId::none;  ///< while attachments are due
  GaugeShare attachment_bytes_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<RemoteWorker> worker_;
};

}  // namespace hawser::session
