#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/packet.h"
#include "test/sim/connection.h"
#include "test/sim/world.h"

namespace hawser::sim {

/// A device of a user: a Socket.IO client that starts, cancels and resumes jobs, reconnects whatever happens,
/// and asks for what it may have missed. It keeps what it saw.
class Client {
 public:
  Client(World& world, std::string user, std::size_t device);

  /// Begins to connect and to act.
  void start();
  /// From now on it only wants to know everything.
  void settle();
  /// Closes for good.
  void leave();

  const std::string& user() const { return user_; }
  const std::shared_ptr<Connection>& connection() const { return connection_; }
  /// Over a line that still goes through, whatever it believes itself.
  bool is_connected() const { return connected_ && !connection_->is_lost(); }
  /// For an answer, or for a job that it wants to have begun.
  bool is_waiting() const { return !unanswered_starts_.empty() || !pending_.empty(); }
  /// Everything of the job up to here has been seen.
  std::uint64_t seen_through(const JobId& job) const;
  /// It reads nothing for a while.
  void pause_reading(Duration time);

 private:
  struct Seen {
    std::uint64_t through = 0;
    std::set<std::uint64_t> beyond;
    bool ended = false, failed = false;
  };
  struct Ask {
    std::string what;
    std::optional<JobId> job;
    std::string key;
  };

  void connect();
  void retry_connect();
  void on_gone();
  void on_packet(std::string_view text);
  void on_connect(const socketio::Packet& packet);
  void on_connected(const socketio::Packet& packet);
  void on_job_event(const socketio::Packet& packet);
  void on_synced(const socketio::Packet& packet);
  void on_ack(const socketio::Packet& packet);
  void catch_up_on(const JobId& job);
  void catch_up();

  void think();
  void act();
  void ask(std::string_view event, Ask ask, std::string_view argument, std::uint64_t after = 0);
  void start_job();
  void repeat_starts();
  void ask_about(std::string_view event, const JobId& job);
  void sync(const JobId& job, std::uint64_t after);
  std::optional<JobId> some_job(bool own);
  std::string name_of(const JobId& job) { return world_.trace.name(job); }

  World& world_;
  std::string user_;
  std::string name_;
  std::shared_ptr<Connection> connection_;
  bool connected_ = false;
  bool settling_ = false;
  bool left_ = false;
  std::string pid_;
  std::optional<std::string> offset_;
  std::uint64_t asks_ = 0;
  std::map<std::uint64_t, Ask> pending_;
  std::map<std::string, std::string> unanswered_starts_;  ///< by key: the argument
  std::map<JobId, Seen> jobs_;
};

}  // namespace hawser::sim
