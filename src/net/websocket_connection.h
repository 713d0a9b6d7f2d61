#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engineio/connection.h"
#include "net/deflate_offer.h"
#include "net/tcp_connection.h"
#include "net/websocket_frame.h"

namespace hawser::net {

class EngineSession;

/// A WebSocket of an Engine.IO session: frames in, packets out, and the closing handshake. Lives on the
/// core of its session and outlives it until the close is through.
class WebSocketConnection final : public TcpConnection {
 public:
  /// What the client has asked for in its upgrade request.
  struct Request {
    std::string key;
    std::string extensions;
  };
  WebSocketConnection(Core& core, Socket socket, engineio::SocketId id, Request request);

  engineio::SocketId id() const { return id_; }
  /// Answers the upgrade request; packets may follow. `may_compress`: permessage-deflate is accepted when
  /// the client offers it.
  void accept(bool may_compress);
  /// Begins to read for `session`; `rest` came behind the request.
  void serve(std::weak_ptr<EngineSession> session, std::string rest);

  /// The peer is known: it may send messages up to max_payload.
  void trust() { reader_.set_max_message(core().context().config.max_payload); }
  void send(const engineio::OutgoingPacket& packet);
  /// Sends a close frame behind what is queued, or in place of it, and waits a moment for the peer's.
  void close(engineio::CloseStatus status, bool discard);
  using TcpConnection::read_now;
  using TcpConnection::write_now;

  void on_stop() override {}  // Its session has closed it already.

 private:
  void on_bytes(std::span<char> bytes) override;
  void on_written() override;
  void on_deadline() override;
  void on_dropped(std::string_view reason) override;

  void on_event(const FrameEvent& event);
  void on_message(std::string_view data, bool binary);
  void on_ping(std::string_view data);
  void on_peer_close(std::uint16_t code);
  void send_pong(std::string_view data);
  /// The compressed form of a packet; null when it goes out as it is.
  SharedBytes compress(const engineio::OutgoingPacket& packet, std::string_view type);
  void watch_unfinished_message();
  void fail(std::uint16_t code, std::string_view reason);
  void leave_session(std::string_view reason);

  engineio::SocketId id_;
  std::weak_ptr<EngineSession> session_;
  Request request_;  ///< until it is accepted
  FrameReader reader_;
  GaugeShare held_;
  std::optional<DeflateTerms> deflate_;
  std::size_t unsent_pongs_ = 0;
  std::optional<std::string> last_ping_;  ///< the last one that has to wait for its pong
  bool awaits_end_of_message_ = false;    ///< with a deadline
  bool closing_ = false;                  ///< our close frame is queued
};

}  // namespace hawser::net
