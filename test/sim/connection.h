#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/channel.h"
#include "test/sim/world.h"

namespace hawser::sim {

/// One connection between a client and the server, as far as sessions can tell: messages come whole and in
/// order, late, until it is cut somewhere; the server's side buffers what the client does not take.
class Connection final : public Channel, public std::enable_shared_from_this<Connection> {
 public:
  Connection(World& world, Loop& loop, std::uint64_t number) : world_(world), loop_(loop), number_(number) {}

  std::uint64_t number() const { return number_; }

  // --- The client's side ---
  std::function<void(std::string_view)> on_message;
  std::function<void()> on_gone;
  void say(std::string message);
  /// The client closes it.
  void hang_up();
  /// The client has lost sight of it, and the network does not tell anybody for a while.
  void abandon();
  void set_reading(bool reads);

  // --- Faults ---
  /// Nothing goes through any more; both sides learn of it after at most this time.
  void cut(Duration client_learns, Duration server_learns);
  bool is_lost() const { return lost_; }

  // --- The server's side ---
  void set_handler(std::unique_ptr<ChannelHandler> handler) { handler_ = std::move(handler); }
  bool has_handler() const { return handler_ != nullptr; }
  /// The server has died.
  void bury();
  void send(SharedBytes message, bool binary = false) override;
  std::size_t buffered_bytes() const override { return unsent_bytes_; }
  bool is_writable() const override { return unsent_.empty(); }
  bool has_room() override;
  void close(CloseReason reason) override;

 private:
  /// What the kernels and the line take while nobody reads.
  static constexpr std::size_t kWindow = 64 * 1024;

  void flow();
  void deliver(const SharedBytes& message);
  void end_server_side(std::string_view reason);
  void end_client_side();
  TimePoint arrival(TimePoint& last);

  World& world_;
  Loop& loop_;
  std::uint64_t number_;
  std::unique_ptr<ChannelHandler> handler_;
  bool lost_ = false;           ///< nothing is delivered
  bool server_closes_ = false;  ///< the application asked for it
  bool server_ended_ = false;
  bool client_ended_ = false;
  bool reading_ = true;
  bool wants_room_ = false;
  std::deque<SharedBytes> unsent_;
  std::size_t unsent_bytes_ = 0;
  std::size_t in_flight_ = 0;
  std::deque<SharedBytes> held_;  ///< arrived, and not read
  TimePoint last_up_, last_down_;
};

}  // namespace hawser::sim
