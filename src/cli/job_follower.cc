#include "cli/job_follower.h"

#include <fmt/format.h>

#include <algorithm>

namespace hawser::cli {
namespace {

constexpr Millis kRetryDelay{1'000};
constexpr std::size_t kShownResult = 200;

std::int64_t integer_of(const json::View& object, std::string_view name) {
  const auto member = object.find(name);
  return member ? member->as_integer().value_or(0) : 0;
}

}  // namespace

JobFollower::JobFollower(Link link, Printer& printer, NewJob job)
    : link_(std::move(link)), printer_(printer), new_job_(std::move(job)) {}
JobFollower::JobFollower(Link link, Printer& printer, std::string job_id)
    : link_(std::move(link)), printer_(printer), id_(std::move(job_id)) {}

void JobFollower::on_connected() {
  connected_ = true;
  if (id_.empty()) return start();
  sync();
  if (cancelling_) cancel();
}

void JobFollower::on_interrupted(const Error& why, Millis retry_in) {
  connected_ = false;
  printer_.notice(fmt::format("{} Trying again in {:.1f} s.", why.message,
                              static_cast<double>(retry_in.count()) / 1000.0));
}

bool JobFollower::try_again(const Error& error, void (JobFollower::*step)()) {
  if (!connected_) return true;  // on_connected takes it up.
  if (!is_retryable(error.code)) return false;
  if (error.code != Errc::timeout) printer_.notice(fmt::format("{} Trying again.", error.message));
  link_.after(kRetryDelay, [this, step] {
    if (connected_ && !done_) (this->*step)();
  });
  return true;
}

void JobFollower::start() {
  if (!id_.empty()) return;
  start_sent_ = true;
  const auto request = json::Object()
                           .add("type", new_job_->type)
                           .raw("input", new_job_->input)
                           .add("idempotencyKey", new_job_->idempotency_key)
                           .str();
  link_.request("start:job", request, [this](Result<std::string> answer) { on_started(answer); });
}

void JobFollower::on_started(const Result<std::string>& answer) {
  if (done_ || !id_.empty()) return;
  if (!answer) {
    if (!try_again(answer.error(), &JobFollower::start)) give_up(answer.error());
    return;
  }
  id_ = json::View(*answer).find_string("jobId").value_or("");
  if (id_.empty()) return give_up({Errc::internal, "The server answered without a job id."});
  printer_.notice(fmt::format("job {}", id_));
  // Events that came before this answer could not be told from those of other jobs: read from the start.
  sync();
  if (cancelling_) cancel();
}

void JobFollower::sync() {
  syncing_ = true;
  const auto request =
      json::Object().add("jobId", id_).add("lastSequence", std::uint64_t{cursor_.last()}).str();
  link_.request("reconnect:sync", request, [this](Result<std::string> answer) {
    if (done_ || answer || try_again(answer.error(), &JobFollower::sync)) return;
    give_up(answer.error());
  });
}

void JobFollower::cancel() {
  link_.request("cancel:job", json::quoted(id_), [this](Result<std::string> answer) {
    if (done_ || answer || try_again(answer.error(), &JobFollower::cancel)) return;
    give_up(answer.error());
  });
}

void JobFollower::on_signal() {
  const bool may_cancel = new_job_ && start_sent_ && !cancelling_;
  if (!may_cancel) return leave();
  cancelling_ = true;
  printer_.notice("cancelling; Ctrl-C again leaves the job running");
  if (connected_ && !id_.empty()) cancel();
}

void JobFollower::leave() {
  if (id_.empty()) {
    printer_.error(start_sent_ ? "left before the server answered; the job may have started"
                               : "nothing was started");
  } else {
    printer_.error(fmt::format(
        "left; the job goes on. See it with 'hawser watch {}', end it with 'hawser cancel {}'.", id_, id_));
  }
  finish(ExitCode::left);
}

void JobFollower::on_event(std::string_view event, std::string_view text) {
  if (done_) return;
  const json::View body(text);
  if (event == "server:shutdown") return printer_.notice("the server is restarting");
  if (event == "auth:expired") return printer_.notice("the token has expired or is about to");
  if (id_.empty() || body.find_string("jobId").value_or("") != id_) return;
  if (event == "sync:complete") {
    syncing_ = false;
    if (failure_) give_up({Errc::handler_failed, *failure_});
    return;
  }
  if (event.starts_with("job:") && body.find("sequence")) on_job_event(event, body);
}

void JobFollower::on_job_event(std::string_view event, const json::View& body) {
  const auto sequence = integer_of(body, "sequence");
  if (sequence <= 0) return;
  const auto verdict = cursor_.offer(static_cast<std::uint64_t>(sequence));
  if (verdict == StreamCursor::Verdict::gap && !syncing_) sync();
  if (verdict != StreamCursor::Verdict::accept) return;

  failure_.reset();
  printer_.event(event, body.raw());
  const auto payload = body.find("payload").value_or(json::View("{}"));
  if (event == "job:chunk") {
    cursor_.note_chunk();
    if (const auto chunk = payload.find("chunk")) printer_.chunk(*chunk);
  } else if (event == "job:progress") {
    if (const auto progress = payload.find("progress")) printer_.progress(*progress);
  } else if (event == "job:resumed") {
    on_resumed(payload);
  } else if (event == "job:completed") {
    const auto result = payload.find("result").value_or(json::View("null")).raw();
    printer_.notice(fmt::format("completed {}", result.size() <= kShownResult ? result : ""));
    finish(ExitCode::completed);
  } else if (event == "job:failed") {
    on_failed(payload);
  } else if (event == "job:cancelled") {
    printer_.notice("cancelled");
    finish(ExitCode::cancelled);
  }
}

void JobFollower::on_resumed(const json::View& payload) {
  const auto attempt = integer_of(payload, "attempt");
  const auto keep = static_cast<std::uint64_t>(std::max<std::int64_t>(integer_of(payload, "keepThrough"), 0));
  if (cursor_.withdraws(keep)) {
    printer_.error(
        fmt::format("attempt {}: the output after event {} is withdrawn and comes again", attempt, keep));
  } else {
    printer_.notice(fmt::format("attempt {}: goes on where it was interrupted", attempt));
  }
  cursor_.keep_through(keep);
}

/// While a replay runs, a later event may tell that the job was resumed; otherwise this is the end.
void JobFollower::on_failed(const json::View& payload) {
  failure_ = fmt::format("failed: {} ({})", payload.find_string("error").value_or(""),
                         payload.find_string("code").value_or(""));
  if (!syncing_) give_up({Errc::handler_failed, *failure_});
}

void JobFollower::give_up(const Error& error) {
  printer_.error(error.message);
  finish(exit_code_for(error.code));
}

void JobFollower::finish(ExitCode outcome) {
  done_ = true;
  outcome_ = outcome;
  printer_.finish();
  link_.stop();
}

}  // namespace hawser::cli
