#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/job_store.h"
#include "test/sim/world.h"

namespace hawser::sim {

/// A worker over a network that loses, delays and doubles what it says and what it is told. It repeats until
/// it is answered, goes on with what it has after any pause, and believes in its lease until it is told
/// otherwise.
class Worker {
 public:
  Worker(World& world, std::string name, bool remote)
      : world_(world), name_(std::move(name)), remote_(remote) {}

  void start();
  /// It stands still (SIGSTOP); what it has sent is still on its way.
  void pause(Duration time);
  /// It forgets everything; what it has sent is still on its way. Only a process of its own dies alone.
  void die();
  void on_server_death();
  /// It asks for no more work.
  void retire() { retired_ = true; }

 private:
  struct Batch {
    std::uint64_t first = 0;  ///< producer sequence
    std::vector<job::NewEvent> events;
  };
  struct Run {
    JobId job;
    std::uint64_t epoch = 0;
    std::uint64_t next = 1;    ///< chunk
    std::uint64_t chunks = 0;  ///< of the whole job
    std::uint64_t stop = 0;    ///< chunk at which this run fails; 0: it completes
    std::uint64_t every = 0;   ///< a checkpoint behind so many chunks; 0: none
    bool large = false;
    std::uint64_t produced = 0;
    std::size_t unanswered = 0;
    bool finishing = false;
  };
  using Heard = std::function<void(Result<job::Reply>&)>;
  struct Call {
    job::Command command;
    Heard heard;
    bool repeats = true;
    bool answered = false;
    std::uint64_t life = 0;
    std::uint64_t tries = 0;
  };

  void look_for_work();
  void begin(const job::ClaimedJob& claimed);
  void produce();
  void produce_soon();
  void send_batch();
  void finish();
  void renew();
  void give_back();
  bool is_working_on(const JobId& job, std::uint64_t epoch) const {
    return run_ && run_->job == job && run_->epoch == epoch;
  }
  bool is_paused() const { return world_.timeline.now() < paused_until_; }
  /// False when the run is over for us.
  bool goes_on(const Result<job::Reply>& reply);

  /// For the run as it is now: once that is over, nobody listens to the answer.
  void call_for_run(job::Command command, Heard heard, bool repeats = true);
  void call(job::Command command, Heard heard, bool repeats = true);
  void send(const std::shared_ptr<Call>& call);
  /// `tries`: which try this belongs to.
  void deliver(const std::shared_ptr<Call>& call, std::uint64_t tries);
  void hear(const std::shared_ptr<Call>& call, std::uint64_t tries, Result<job::Reply> reply);
  bool troubled() const { return remote_ && !world_.calm; }
  bool lost() { return troubled() && world_.rng.percent(world_.weather.lost_percent); }
  void forget();
  Duration delay();

  World& world_;
  std::string name_;
  bool remote_;
  std::uint64_t life_ = 0;
  TimePoint paused_until_;
  std::optional<Run> run_;
  bool claiming_ = false;
  bool retired_ = false;
};

}  // namespace hawser::sim
