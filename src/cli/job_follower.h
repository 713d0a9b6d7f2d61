#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/loop.h"
#include "cli/exit_code.h"
#include "cli/printer.h"
#include "cli/stream_cursor.h"

namespace hawser::cli {

/// Follows one job to its end over any number of connections: starts it exactly once, asks for what it
/// missed after each reconnect, shows every event once and in order, cancels on demand. Sans I/O: the
/// connection is behind `Link`. Single-threaded.
class JobFollower {
 public:
  using Reply = std::move_only_function<void(Result<std::string>)>;
  struct Link {
    /// As remote::Client::request.
    std::function<void(std::string_view event, std::string_view argument, Reply reply)> request;
    std::function<void(Millis delay, Task task)> after;
    /// The job is over or given up; `outcome` says how.
    std::function<void()> stop;
  };
  struct NewJob {
    std::string type;
    std::string input;  ///< JSON
    /// Sent with every attempt to start, so that a start whose answer was lost is not done twice.
    std::string idempotency_key;
  };

  /// Starts a job, then follows it. Ctrl-C cancels it.
  JobFollower(Link link, Printer& printer, NewJob job);
  /// Follows a job from its first event. Ctrl-C only leaves.
  JobFollower(Link link, Printer& printer, std::string job_id);

  void on_connected();
  void on_interrupted(const Error& why, Millis retry_in);
  void on_event(std::string_view event, std::string_view body);
  void on_signal();

  ExitCode outcome() const { return outcome_; }

 private:
  void start();
  void on_started(const Result<std::string>& answer);
  void sync();
  void cancel();
  void leave();
  void on_job_event(std::string_view event, const json::View& body);
  void on_resumed(const json::View& payload);
  void on_failed(const json::View& payload);
  void give_up(const Error& error);
  void finish(ExitCode outcome);
  /// True when the failed request was taken care of: it is repeated, now or after the reconnect.
  bool try_again(const Error& error, void (JobFollower::*step)());

  Link link_;
  Printer& printer_;
  std::optional<NewJob> new_job_;
  std::string id_;
  StreamCursor cursor_;
  bool start_sent_ = false;
  bool syncing_ = false;
  bool cancelling_ = false;
  bool connected_ = false;
  bool done_ = false;
  /// The last event seen was job:failed; only a later one tells whether the job was resumed.
  std::optional<std::string> failure_;
  ExitCode outcome_ = ExitCode::no_access;
};

}  // namespace hawser::cli
