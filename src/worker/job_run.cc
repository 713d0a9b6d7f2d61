#include "worker/job_run.h"

#include <fmt/format.h>

#include <condition_variable>
#include <tuple>

#include "base/json.h"
#include "base/limits.h"

namespace hawser::worker {
namespace {

ResumePoint resume_point_of(const job::ClaimedJob& claimed) {
  return {claimed.record.attempt + 1, claimed.record.chunk_count, claimed.checkpoint};
}

std::string progress_payload(std::uint64_t current, std::uint64_t total, std::string_view message) {
  json::Object payload;
  payload.add("current", current).add("total", total);
  if (!message.empty()) payload.add("message", message);
  // The original divided by zero here; a job without steps has not begun any.
  const double percentage =
      total == 0 ? 0.0 : static_cast<double>(current) * 100.0 / static_cast<double>(total);
  payload.add("percentage", percentage);
  return std::move(payload).str();
}

std::string_view noun(job::EventKind kind) {
  return kind == job::EventKind::chunk ? "chunk" : "checkpoint";
}

}  // namespace

JobRun::JobRun(job::Commands& commands, Clock& clock, job::ClaimedJob claimed, Window window)
    : clock_(clock),
      claimed_(std::move(claimed)),
      window_(window),
      writer_(std::make_shared<EventWriter>(commands, clock, stop_, claimed_.record.id, claimed_.record.epoch,
                                            window)),
      resume_point_(resume_point_of(claimed_)) {}

void JobRun::continue_from(job::ContinueFrom from) {
  const bool from_checkpoint = from == job::ContinueFrom::checkpoint && claimed_.checkpoint;
  if (from == job::ContinueFrom::last_event) return;
  resume_point_.chunk_count = from_checkpoint ? claimed_.record.checkpoint_chunk_count : 0;
  if (!from_checkpoint) resume_point_.checkpoint.reset();
}

Status JobRun::emit(std::string chunk_json) {
  if (auto pushed = push(job::EventKind::chunk, chunk_json); !pushed || !state_) return pushed;
  if (++chunks_since_checkpoint_ < claimed_.checkpoint_every) return {};
  return checkpoint(state_());
}

Status JobRun::checkpoint(std::string state_json) {
  chunks_since_checkpoint_ = 0;
  return push(job::EventKind::checkpoint, state_json);
}

/// Counts on from the chunks that stand, so that checkpoints come where they came without an interruption.
void JobRun::checkpoint_with(std::function<std::string()> state) {
  state_ = std::move(state);
  chunks_since_checkpoint_ = resume_point_.chunk_count % claimed_.checkpoint_every;
}

Status JobRun::push(job::EventKind kind, std::string_view json) {
  if (json.size() > window_.event_bytes) {
    return break_rule(fmt::format("The job's handler wrote a {} of {} bytes; at most {} are allowed.",
                                  noun(kind), json.size(), window_.event_bytes));
  }
  const auto value = json::validate(json);
  if (!value) {
    return break_rule(fmt::format("The job's handler wrote a {} that is not valid JSON: {}", noun(kind),
                                  value.error().message));
  }
  return writer_->push({kind, std::string(value->raw())});
}

Status JobRun::break_rule(std::string message) {
  if (!defect_) defect_ = Error{Errc::handler_failed, std::move(message)};
  return std::unexpected(*defect_);
}

Status JobRun::progress(std::uint64_t current, std::uint64_t total, std::string_view message) {
  message = message.substr(0, limits::kMaxErrorText);  // A cut character becomes U+FFFD.
  const std::scoped_lock lock(progress_mutex_);
  progress_.offer(progress_payload(current, total, message));
  return send_due_progress();
}

Status JobRun::send_due_progress() {
  const auto now = clock_.now();
  const auto* payload = progress_.due(now);
  if (payload == nullptr) return {};
  const auto taken = writer_->try_push({job::EventKind::progress, *payload});
  if (!taken) return std::unexpected(taken.error());
  if (*taken) progress_.sent(now);  // Else the window is full, and a newer one may replace it.
  return {};
}

Status JobRun::flush() {
  std::optional<std::string> last;
  {
    const std::scoped_lock lock(progress_mutex_);
    last = progress_.take_last();
  }
  if (last) {
    if (auto pushed = writer_->push({job::EventKind::progress, std::move(*last)}); !pushed) return pushed;
  }
  return writer_->flush();
}

bool JobRun::sleep_for(std::chrono::nanoseconds duration) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto token = stop_token();
  never.wait_for(lock, token, duration, [] { return false; });
  return !token.stop_requested();
}

void JobRun::request_stop(StopReason reason) {
  if (reason == StopReason::draining) {
    writer_->stop_retrying();
  } else {
    writer_->close({Errc::job_ended, "The job has ended."});
  }
  stop_->request(reason);
}

void JobRun::tick() {
  writer_->tick();
  const std::unique_lock lock(progress_mutex_, std::try_to_lock);
  if (lock.owns_lock())
    std::ignore = send_due_progress();  // A lost job is noticed where the handler writes next.
}

}  // namespace hawser::worker
