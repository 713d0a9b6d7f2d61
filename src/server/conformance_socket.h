#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/channel.h"
#include "base/json.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "fanout/local_broadcaster.h"
#include "socketio/ack_table.h"
#include "socketio/arguments.h"
#include "socketio/connection.h"

namespace hawser::server {

/// One client in one namespace of the conformance mode: the commands of docs/protocol.md, "Conformance
/// mode". Events it does not know, or whose arguments are not those of the command, do nothing. Owned by
/// its session; lives on its core.
class ConformanceSocket final : public fanout::Member {
 public:
  /// What becomes of the socket after a packet.
  enum class Wish { stay, leave, close };

  ConformanceSocket(Loop& loop, Channel& channel, fanout::LocalBroadcaster& peers, std::string nsp,
                    std::string sid, std::string pid);
  ~ConformanceSocket() override;
  ConformanceSocket(const ConformanceSocket&) = delete;
  ConformanceSocket& operator=(const ConformanceSocket&) = delete;

  /// It was here before: the rooms it was in, and what it missed.
  void resume(const fanout::RecoveredSocket& before);
  /// `auth` is the JSON object of the CONNECT, empty when there was none.
  void greet(std::string_view auth);
  /// The connection is gone, and the client may come back.
  void park();
  Wish on_packet(socketio::Received received);

  const std::string& id() const override { return sid_; }
  void deliver(const EncodedPacket& packet, bool is_volatile) override;

 private:
  /// An event on its way through its command, which takes the arguments one by one.
  struct Call {
    json::View::Elements arguments;
    std::vector<SharedBytes> attachments;
    std::optional<std::uint64_t> ack;

    std::optional<std::string> next_text();
    /// Whatever arguments are left, behind those of `out`.
    Payload rest(socketio::Arguments out = {});
  };
  using Command = void (ConformanceSocket::*)(Call&);
  static Command find_command(std::string_view event);

  void message(Call& call);
  void message_with_ack(Call& call);
  void ask_ack(Call& call);
  void volatile_burst(Call& call);
  void join(Call& call);
  void leave(Call& call);
  void room_emit(Call& call);
  void all_emit(Call& call);
  void broadcast(Call& call);
  void fetch_sockets(Call& call);
  void kick_me(Call& call);

  void emit(Payload payload);
  void emit_to(fanout::Audience audience, Call& call);
  void answer(const Call& call, Payload payload);
  void send(const EncodedPacket& packet);
  void mind_acks();

  Loop& loop_;
  Channel& channel_;
  fanout::LocalBroadcaster& peers_;
  const std::string nsp_;
  const std::string sid_;
  const std::string pid_;  ///< empty without recovery
  socketio::AckTable acks_;
  TimerId ack_timer_ = TimerId::none;
  Wish wish_ = Wish::stay;
  Lifetime lifetime_;
};

}  // namespace hawser::server
