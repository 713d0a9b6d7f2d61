#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/channel.h"
#include "engineio/connection.h"
#include "net/deadline.h"
#include "net/population.h"
#include "net/reply_address.h"

namespace hawser::net {

class WebSocketConnection;

/// One Engine.IO session: feeds the protocol machine with what its requests and sockets bring, does what
/// the machine says, and is the Channel of the application above. Lives on one core, owned by its table
/// from open to the machine's Forget.
class EngineSession final : public Channel, public std::enable_shared_from_this<EngineSession> {
 public:
  /// The context of the core holds `endpoint`.
  EngineSession(Core& core, const Endpoint& endpoint, std::string sid, Population::Member place);
  ~EngineSession() override;

  const Endpoint& endpoint() const { return endpoint_; }
  void open_by_poll(const ReplyAddress& reply, const HandshakeInfo& info);
  void open_by_websocket(const std::shared_ptr<WebSocketConnection>& socket, const HandshakeInfo& info);
  std::optional<engineio::Transport> transport() const { return machine_.transport(); }

  // --- Requests ---
  /// `nonce` as in engineio::Connection.
  void poll(const ReplyAddress& reply, std::string_view nonce);
  /// `body_size`: nothing when it is not known before the end.
  void begin_post(const ReplyAddress& reply, std::string_view nonce, std::optional<std::size_t> body_size);
  /// `valid`: the body is of a kind that can hold packets.
  void finish_post(engineio::RequestId request, std::string body, bool valid);
  void forget_post(engineio::RequestId request);
  void abort(engineio::RequestId request);

  // --- WebSockets ---
  void add_websocket(std::shared_ptr<WebSocketConnection> socket);
  void on_websocket_message(engineio::SocketId socket, std::string_view data, bool binary);
  void on_websocket_closed(engineio::SocketId socket, std::string_view reason);
  void on_websocket_written();
  /// Takes what has arrived on a socket that the client upgrades to. Not while anything is being read on
  /// this core.
  void read_upgrade();

  // --- Channel ---
  void send(SharedBytes message, bool binary) override;
  std::size_t buffered_bytes() const override;
  bool is_writable() const override;
  bool has_room() override;
  void close(CloseReason reason) override;

  /// Ends everything at once.
  void abandon();
  /// Ends, because another stranger needs the place.
  void give_way();

 private:
  using HandlerCall = std::move_only_function<void(EngineSession&)>;

  /// A body whose packets are handled some at a time.
  struct Post {
    Post(engineio::RequestId id, std::string text) : request(id), body(std::move(text)), reader(body) {}

    engineio::RequestId request;
    std::string body;
    engineio::PayloadReader reader;
  };

  void make_application(const HandshakeInfo& info);
  bool may_compress() const;
  void handle_packets(std::unique_ptr<Post> post);
  void end_post(engineio::RequestId request, bool valid);
  void run_actions();
  void perform(engineio::action::Receive& action);
  void perform(engineio::action::AnswerPoll& action);
  void perform(engineio::action::AnswerPost& action);
  void perform(engineio::action::Refuse& action);
  void perform(engineio::action::Write& action);
  void perform(engineio::action::CloseSocket& action);
  void perform(engineio::action::Closed& action);
  void perform(engineio::action::Forget& action);

  void reply_to(engineio::RequestId request, HttpReply reply);
  WebSocketConnection* find_socket(engineio::SocketId socket) const;
  void look_at_peer();
  bool may_linger(CloseReason reason) const;
  void update_gauges();
  void leave_pending();
  void flush_at_end_of_turn();
  void mind_marks();
  void tell_writable();
  void later(HandlerCall call);
  TimePoint now() const;

  Core& core_;
  const Endpoint& endpoint_;
  Population::Member place_;
  std::optional<PendingSessions::Place> pending_;  ///< while the peer is a stranger
  bool authenticated_ = false;
  engineio::Connection machine_;
  std::vector<engineio::Action> spare_actions_;                ///< memory for the next turn
  std::vector<ReplyAddress> waiting_;                          ///< requests without an answer; at most a few
  std::vector<std::shared_ptr<WebSocketConnection>> sockets_;  ///< the one in use and the one that probes
  Deadline deadline_;
  bool opening_ = false;  ///< what there is to do waits for the first answer
  bool flush_scheduled_ = false;
  bool wants_room_ = false;       ///< on_writable is due
  std::optional<Ending> ending_;  ///< as the server gave it
  GaugeShare buffered_, lingering_, upgrading_;
  std::unique_ptr<ChannelHandler> handler_;  ///< destroyed first: it refers to this channel
};

}  // namespace hawser::net
