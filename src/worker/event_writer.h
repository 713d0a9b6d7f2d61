#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "base/loop.h"
#include "job/job_store.h"
#include "worker/stop_signal.h"
#include "worker/window.h"

namespace hawser::worker {

/// The way of one run's events to the store. One batch is in flight, the next gathers meanwhile, so the
/// batches grow by themselves when commits are slow. What is not committed is bounded
/// by the window; beyond it `push` waits.
///
/// storage_full and overloaded are met by sending the batch again; any other refusal means the run has lost
/// the job: the writer is closed and the run is told to stop. Any thread; shared because a completion may
/// outlive the run.
class EventWriter : public std::enable_shared_from_this<EventWriter> {
 public:
  EventWriter(job::Commands& commands, Clock& clock, std::shared_ptr<StopSignal> stop, JobId id,
              std::uint64_t epoch, Window window = {});

  /// Takes the event, waiting while the window is full. Once closed: the error it was closed with.
  Status push(job::NewEvent event);
  /// Takes the event if there is room for it now; false when not.
  Result<bool> try_push(const job::NewEvent& event);
  /// Waits until everything taken is committed.
  Status flush();
  /// Takes nothing more; who waits returns with `error`. The first error stands.
  void close(Error error);
  /// From now on a transient refusal closes the writer: what waits is left to the next run.
  void stop_retrying();
  /// Sends a refused batch again when its time has come. To be called a few times a second.
  void tick();

 private:
  using Lock = std::unique_lock<std::mutex>;
  bool has_room(std::size_t bytes) const;
  void take(job::NewEvent event, Lock& lock);
  void send_gathered(Lock& lock);
  void send_batch(Lock& lock);
  void on_answer(const Result<job::Reply>& answer);
  void on_refusal(const Error& error, Lock& lock);
  void close_locked(Error error);

  job::Commands& commands_;
  Clock& clock_;
  const std::shared_ptr<StopSignal> stop_;
  const JobId id_;
  const std::uint64_t epoch_;
  const Window window_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<job::NewEvent> gathered_;
  std::vector<job::NewEvent> batch_;  ///< sent and not answered yet; kept to be sent again
  std::uint64_t batch_sequence_ = 1;  ///< producer sequence of the first event of `batch_`
  std::size_t unacked_bytes_ = 0;
  unsigned refusals_ = 0;
  std::optional<TimePoint> retry_at_;
  bool retries_ = true;
  std::optional<Error> closed_;
};

}  // namespace hawser::worker
