#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/loop.h"
#include "job/job_store.h"
#include "worker/window.h"

namespace hawser::remote {

/// What the server says about itself in `welcome`.
struct Welcome {
  std::string worker;
  Millis lease{0};
  Millis renew_every{0};
  worker::Window window;
};
Result<Welcome> parse_welcome(std::string_view body);

/// The commands of a worker, brought to a store in another process by docs/worker-protocol.md. While there is
/// no connection they wait, and are sent again, in order, after the next one: each but Claim and Renew, which
/// are answered `unavailable`, does nothing when it is done twice. Sans I/O: the connection is behind `Link`,
/// and has a thread of its own.
class RemoteCommands final : public job::Commands {
 public:
  using Reply = std::move_only_function<void(Result<std::string>)>;
  struct Link {
    std::function<void(Task task)> post;  ///< to the link's thread; any thread
    /// As Client::request. The link's thread, as all below.
    std::function<void(std::string_view event, std::string_view argument, Reply reply)> request;
    std::function<void(const Error& why)> reconnect;
  };
  explicit RemoteCommands(Link link) : link_(std::move(link)) {}

  /// Any thread; the completion runs on the link's.
  void submit(job::Command command, job::Completion completion) override;

  // -- The link's thread --
  void on_welcome();
  void on_interrupted();
  /// The lease that a `stop` is about; nothing when it was none of ours.
  Result<job::Revoked> read_stop(std::string_view body) const;
  /// Commands that have no answer yet.
  std::size_t waiting() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string event, argument;
    JobId job;
    std::uint64_t epoch = 0;
    job::Completion completion;
    bool sent = false;
  };
  using Held = std::pair<JobId, std::uint64_t>;  ///< job and epoch

  void run(const job::Claim& command, job::Completion completion);
  void run(const job::Renew& command, job::Completion completion);
  void run(const job::Begin& command, job::Completion completion);
  void run(const job::Append& command, job::Completion completion);
  void run(const job::Finish& command, job::Completion completion);
  void run(const job::Release& command, job::Completion completion);
  template <class Other>
  void run(const Other& command, job::Completion completion);

  template <class Command>
  void wait(std::string_view event, const Command& command,
            std::string (*argument)(const Command&, std::string_view lease), job::Completion completion);
  void send(std::uint64_t number, Waiting& waiting);
  void on_answer(std::uint64_t number, Result<std::string> answer);
  Result<job::Reply> on_claimed(const Result<std::string>& answer);
  const std::string* lease_of(const Held& held) const;

  Link link_;
  bool connected_ = false;
  std::map<Held, std::string> leases_;
  std::uint64_t last_number_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;  ///< in the order in which they came
};

}  // namespace hawser::remote
