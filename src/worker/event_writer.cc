#include "worker/event_writer.h"

#include <utility>

#include "worker/backoff.h"

namespace hawser::worker {

EventWriter::EventWriter(job::Commands& commands, Clock& clock, std::shared_ptr<StopSignal> stop, JobId id,
                         std::uint64_t epoch, Window window)
    : commands_(commands), clock_(clock), stop_(std::move(stop)), id_(id), epoch_(epoch), window_(window) {}

Status EventWriter::push(job::NewEvent event) {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || has_room(event.payload.size()); });
  if (closed_) return std::unexpected(*closed_);
  take(std::move(event), lock);
  return {};
}

Result<bool> EventWriter::try_push(const job::NewEvent& event) {
  Lock lock(mutex_);
  if (closed_) return std::unexpected(*closed_);
  if (!has_room(event.payload.size())) return false;
  take(event, lock);
  return true;
}

Status EventWriter::flush() {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || (batch_.empty() && gathered_.empty()); });
  if (closed_) return std::unexpected(*closed_);
  return {};
}

void EventWriter::close(Error error) {
  const Lock lock(mutex_);
  close_locked(std::move(error));
}

void EventWriter::stop_retrying() {
  const Lock lock(mutex_);
  retries_ = false;
  if (retry_at_) close_locked({Errc::shutting_down, "The server stops while it waits for storage."});
}

void EventWriter::tick() {
  Lock lock(mutex_);
  if (closed_ || !retry_at_ || clock_.now() < *retry_at_) return;
  retry_at_.reset();
  send_batch(lock);
}

bool EventWriter::has_room(std::size_t bytes) const {
  const auto events = batch_.size() + gathered_.size();
  if (events == 0) return true;  // One event passes however large, else it would wait for ever.
  return events < window_.events && unacked_bytes_ + bytes <= window_.bytes;
}

void EventWriter::take(job::NewEvent event, Lock& lock) {
  unacked_bytes_ += event.payload.size();
  gathered_.push_back(std::move(event));
  if (batch_.empty()) send_gathered(lock);
}

void EventWriter::send_gathered(Lock& lock) {
  batch_ = std::exchange(gathered_, {});
  send_batch(lock);
}

void EventWriter::send_batch(Lock& lock) {
  job::Append append{id_, epoch_, batch_sequence_, batch_};
  lock.unlock();  // The store may refuse within the call.
  commands_.submit(std::move(append), [self = shared_from_this()](const Result<job::Reply>& answer) {
    self->on_answer(answer);
  });
}

void EventWriter::on_answer(const Result<job::Reply>& answer) {
  Lock lock(mutex_);
  if (closed_) return;
  if (!answer) return on_refusal(answer.error(), lock);
  refusals_ = 0;
  batch_sequence_ += batch_.size();
  for (const auto& event : batch_) unacked_bytes_ -= event.payload.size();
  batch_.clear();
  changed_.notify_all();
  if (!gathered_.empty()) send_gathered(lock);
}

void EventWriter::on_refusal(const Error& error, Lock& lock) {
  if (retries_ && is_transient(error.code)) {
    retry_at_ = clock_.now() + retry_delay(refusals_++);
    return;
  }
  // Whoever is refused by `push` must find the reason; stopping runs callbacks of the handler.
  lock.unlock();
  const bool put_aside = is_transient(error.code) || error.code == Errc::shutting_down;
  stop_->request(put_aside ? StopReason::draining : StopReason::fenced);
  lock.lock();
  close_locked(error);
}

void EventWriter::close_locked(Error error) {
  if (closed_) return;
  closed_ = std::move(error);
  retry_at_.reset();
  changed_.notify_all();
}

}  // namespace hawser::worker
