#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/gauge.h"
#include "net/core.h"
#include "net/deadline.h"
#include "net/socket.h"
#include "net/write_queue.h"

namespace hawser::net {

/// A TCP connection on its core: one reader into the core's shared buffer, one queue that is written by
/// gathered, non-blocking writes once a turn, the stall timeout of that queue, and an orderly end. What the
/// bytes mean is the business of the derived classes. Owned by its core until it is dropped.
class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  virtual ~TcpConnection() = default;
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  /// Writes what is queued as far as the kernel takes it. Called by the core at the end of a turn.
  void flush();
  /// Ends the connection at once. `reason` as in ChannelHandler::on_closed.
  void drop(std::string_view reason);
  /// Since when the peer could ask for something and has not; nothing while it has.
  virtual std::optional<TimePoint> idle_since() const { return std::nullopt; }
  /// The server stops: end as soon as that loses nothing.
  virtual void on_stop() = 0;

  std::size_t queued_bytes() const { return queue_.bytes() + socket_.unsent(); }
  Core& core() { return core_; }

 protected:
  TcpConnection(Core& core, Socket socket);

  /// Registers with the core and begins to read.
  void start();
  /// Queues; written at the end of the turn.
  void write(std::string_view header, SharedBytes body);
  /// Writes now what can be written, without calling `on_written`.
  void write_now();
  /// Takes what has arrived already, ahead of its turn. Not while anything is being read on this core.
  void read_now();
  void discard_unwritten();
  /// Nothing more will be written: flushes, tells the peer, and waits a moment for it to close, so that
  /// the last bytes are not lost to a reset. Input is discarded from now on.
  void finish();
  void pause_reading() { reading_paused_ = true; }
  void resume_reading();
  /// Gives the socket away; this connection is over without being reported. Nothing may be queued.
  Socket release();
  /// Calls on_deadline then.
  void set_deadline(std::optional<TimePoint> when);
  bool is_open() const { return phase_ == Phase::open; }
  /// The kernel takes no more for now.
  bool is_blocked() const { return blocked_; }
  const std::string& remote_address() const { return socket_.remote_address; }

  virtual void on_bytes(std::span<char> bytes) = 0;
  /// The peer will send no more.
  virtual void on_end_of_input() { drop("transport close"); }
  /// Queued bytes were taken by the kernel.
  virtual void on_written() {}
  virtual void on_deadline() = 0;
  /// The connection is over. Not called after `release`.
  virtual void on_dropped(std::string_view reason) = 0;

 private:
  enum class Phase : std::uint8_t { open, finishing, finished, gone };

  void wait_readable();
  void read();
  void on_readable(const boost::system::error_code& error);
  void end_of_input();
  void wait_writable();
  void on_writable(const boost::system::error_code& error);
  void shut_down_when_written();
  void mark_dirty();

  Core& core_;
  Socket socket_;
  WriteQueue queue_;
  GaugeShare queued_;
  Deadline deadline_;
  Deadline stall_;
  Phase phase_ = Phase::open;
  bool dirty_ = false;
  bool blocked_ = false;  ///< the kernel's buffer is full; on_writable goes on
  bool failed_ = false;   ///< a write failed; the drop is on its way
  bool reading_ = false;
  bool reading_paused_ = false;
  bool input_ended_ = false;
};

}  // namespace hawser::net
