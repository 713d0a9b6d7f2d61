#include "worker/job_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <future>
#include <tuple>

#include "base/json.h"
#include "base/limits.h"
#include "job/transition.h"
#include "worker/backoff.h"

namespace hawser::worker {
namespace {

/// Waits for the answer; the thread belongs to the job anyway.
Result<job::Reply> submit_and_wait(job::Commands& commands, job::Command command) {
  std::promise<Result<job::Reply>> answer;
  auto answered = answer.get_future();
  commands.submit(std::move(command), [answer = std::move(answer)](Result<job::Reply> reply) mutable {
    answer.set_value(std::move(reply));
  });
  return answered.get();
}

Outcome crashed() {
  return Outcome::failed({Errc::handler_failed, "The job's handler failed unexpectedly."});
}

/// A result the store would have to refuse is the handler's failure.
Outcome check_result(Outcome outcome) {
  if (outcome.kind != Outcome::Kind::completed) return outcome;
  if (outcome.result.size() > limits::kMaxResult) {
    return Outcome::failed(
        {Errc::handler_failed,
         fmt::format("The job's handler returned a result of {} bytes; at most {} are allowed.",
                     outcome.result.size(), limits::kMaxResult)});
  }
  const auto value = json::validate(outcome.result);
  if (!value) {
    return Outcome::failed(
        {Errc::handler_failed, "The job's handler returned a result that is not valid JSON."});
  }
  return Outcome::completed(std::string(value->raw()));
}

}  // namespace

void JobRunner::execute() {
  try {
    plan_and_run();
  } catch (const std::exception& error) {
    spdlog::error("job {}: given back after an unexpected error: {}", run_.id().to_string(), error.what());
    release();
  }
}

void JobRunner::plan_and_run() {
  if (run_.stop_reason() != StopReason::none) return release();
  const auto from = plan();
  if (!from) return refuse(from.error());
  if (!begin(*from)) return release();
  run_.continue_from(*from);
  end(call_handler());
}

Result<job::ContinueFrom> JobRunner::plan() {
  const auto& record = run_.record();
  if (record.attempt == 0) return job::ContinueFrom::last_event;
  try {
    auto plan = handler_.plan(run_.input(), run_.resume_point());
    if (plan.refuse) return std::unexpected(std::move(*plan.refuse));
    return plan.from;
  } catch (const std::exception& error) {
    spdlog::error("job {}: the plan of {} threw: {}", run_.id().to_string(), handler_.type(), error.what());
    return std::unexpected(crashed().error);
  }
}

bool JobRunner::begin(job::ContinueFrom from) {
  const auto begun = submit(job::Begin{run_.id(), run_.record().epoch, from});
  if (!begun && !has_lost_job(begun.error().code)) {
    spdlog::warn("job {}: not begun: {}", run_.id().to_string(), begun.error().message);
  }
  return begun.has_value();
}

Outcome JobRunner::call_handler() {
  try {
    return check_result(handler_.run(run_));
  } catch (const std::exception& error) {
    spdlog::error("job {}: the handler of {} threw: {}", run_.id().to_string(), handler_.type(),
                  error.what());
  } catch (...) {
    spdlog::error("job {}: the handler of {} threw", run_.id().to_string(), handler_.type());
  }
  return crashed();
}

void JobRunner::refuse(const Error& error) {
  // A resumed job is left from `failed` only by job:resumed, so its new series begins before it fails again.
  const bool ended = job::has_ended(run_.record().state);
  if (ended && !begin(job::ContinueFrom::last_event)) return release();
  finish(Outcome::failed(error));
}

void JobRunner::end(const Outcome& outcome) {
  const bool stopped = outcome.kind == Outcome::Kind::stopped;
  if (run_.defect()) {
    finish(Outcome::failed(*run_.defect()));
  } else if (!stopped) {
    finish(outcome);
  } else if (run_.stop_reason() == StopReason::none) {
    finish(Outcome::failed({Errc::handler_failed, "The job's handler stopped without being asked to."}));
  } else {
    std::ignore = run_.flush();  // What cannot be written now is done again by the next run.
    release();
  }
}

void JobRunner::finish(const Outcome& outcome) {
  if (!run_.flush()) return release();
  const bool completed = outcome.kind == Outcome::Kind::completed;
  const auto kind = completed ? job::EventKind::completed : job::EventKind::failed;
  auto payload = completed ? outcome.result : job::failure_payload(outcome.error);
  const auto answer = submit(job::Finish{
      .id = run_.id(),
      .epoch = run_.record().epoch,
      .outcome = kind,
      .payload = std::move(payload),
      .retryable = outcome.retryable,
  });
  if (answer) {
    const auto* how = completed                       ? "completed"
                      : job::has_ended(answer->state) ? "failed"
                                                      : "will be tried again";
    spdlog::info("job {}: {}", run_.id().to_string(), how);
  } else if (!has_lost_job(answer.error().code)) {
    spdlog::warn("job {}: its end was not written: {}", run_.id().to_string(), answer.error().message);
    release();
  }
}

void JobRunner::release() {
  // Refused when the job is no longer ours, which is just as well.
  std::ignore = submit(job::Release{run_.id(), run_.record().epoch});
}

Result<job::Reply> JobRunner::submit(const job::Command& command) {
  for (unsigned refusals = 0;; ++refusals) {
    auto reply = submit_and_wait(commands_, command);
    if (reply || !is_transient(reply.error().code)) return reply;
    if (!run_.sleep_for(retry_delay(refusals))) return reply;
  }
}

}  // namespace hawser::worker
