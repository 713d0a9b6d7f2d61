#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/channel.h"
#include "base/limits.h"
#include "net/context.h"
#include "net/deflate.h"
#include "net/gauges.h"
#include "net/pending_sessions.h"
#include "runtime/asio_loop.h"

namespace hawser::net {

class EngineSession;
class Listener;
class TcpConnection;

/// The sessions of one core by their sid.
class SessionTable {
 public:
  void add(std::string sid, std::shared_ptr<EngineSession> session);
  /// Null when there is none.
  std::shared_ptr<EngineSession> find(const std::string& sid) const;
  void remove(const std::string& sid) { sessions_.erase(sid); }
  std::vector<std::shared_ptr<EngineSession>> all() const;

 private:
  std::unordered_map<std::string, std::shared_ptr<EngineSession>> sessions_;
};

/// One core of the server: owns its listener, connections and sessions. Everything is called on its loop
/// unless said otherwise. Held by the Server; tasks on their way to it hold weak pointers.
class Core : public std::enable_shared_from_this<Core> {
 public:
  /// One of `cores`, the one with this index.
  Core(std::shared_ptr<ServerContext> context, runtime::AsioLoop& loop, std::size_t index, std::size_t cores);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  ServerContext& context() { return *context_; }
  runtime::AsioLoop& loop() { return loop_; }
  SessionTable& sessions() { return sessions_; }
  PendingSessions& pending() { return pending_; }
  CoreGauges& gauges() { return gauges_; }
  const CoreGauges& gauges() const { return gauges_; }
  /// This core's share of a bound of the process.
  std::size_t share_of(std::size_t bound) const { return std::max<std::size_t>(1, bound / cores_); }
  /// More is buffered here than this core's share of max_send_bytes, or of max_receive_bytes.
  bool is_short_of_send_memory() const;
  bool is_short_of_receive_memory() const;
  std::size_t index() const { return index_; }
  /// Scratch space for whatever is being read; its content does not outlive the event.
  std::span<char> read_buffer() { return read_buffer_; }
  /// For connections that have negotiated compression; made when the first one asks.
  MessageDeflate& deflate();
  /// A number no other request or socket of this process has.
  std::uint64_t next_id();

  /// Runs `task` here in a later turn, if the core still exists. Any thread.
  void post(std::move_only_function<void(Core&)> task);

  void listen(std::shared_ptr<Listener> listener);
  void add(std::shared_ptr<TcpConnection> connection);
  void remove(const std::shared_ptr<TcpConnection>& connection) { connections_.erase(connection); }
  /// Drops connections that rest. False when there are none that have rested long enough.
  bool drop_idle_connections();
  /// Flushes the connection at the end of the turn.
  void mark_dirty(std::shared_ptr<TcpConnection> connection);

  // The steps of stopping, in order.
  void stop_listening();
  void close_sessions(CloseReason reason);
  /// Ends sessions that wait for a last poll, and connections that wait for a request.
  void end_waiting();
  void drop_connections();

 private:
  void flush_dirty();

  const std::shared_ptr<ServerContext> context_;
  runtime::AsioLoop& loop_;
  const std::size_t index_;
  const std::size_t cores_;
  std::uint64_t next_id_;
  CoreGauges gauges_;  // connections and sessions, below, count here as long as they live
  PendingSessions pending_;
  std::array<char, limits::kReadBudget> read_buffer_;
  std::unique_ptr<MessageDeflate> deflate_;
  SessionTable sessions_;
  std::unordered_set<std::shared_ptr<TcpConnection>> connections_;
  std::vector<std::shared_ptr<TcpConnection>> dirty_;
  std::shared_ptr<Listener> listener_;
  TimePoint next_sweep_;  ///< for idle connections
  bool dropping_ = false;
};

}  // namespace hawser::net
