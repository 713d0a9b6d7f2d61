#include "session/delivery.h"

#include <spdlog/spdlog.h>

#include <utility>
#include <variant>

#include "base/json.h"
#include "session/wire_event.h"

namespace hawser::session {
namespace {

/// Before a page that could not be read for a passing reason is read again.
constexpr auto kRetryDelay = std::chrono::milliseconds(100);

}  // namespace

Delivery::Delivery(const Parts& parts, Gauge& catch_ups, Outlet& outlet, ReadQueue& reads, Options options,
                   std::function<void(bool recovered)> on_started)
    : parts_(parts), outlet_(outlet), reads_(reads), options_(std::move(options)), catching_up_(catch_ups) {
  auto start = [this, on_started = std::move(on_started)](bool recovered) {
    if (recovered) take_up();
    on_started(recovered);
    pump();
  };
  follower_ = parts_.hub.follow(options_.owner,
                                {.on_started = std::move(start),
                                 .on_ready = [this] { pump(); },
                                 .on_failed = [this](const Error& error) { fail(error); }},
                                options_.from ? std::optional(options_.from->position) : std::nullopt);
}

/// The rewinds that the earlier connection did not finish.
void Delivery::take_up() {
  for (const auto& cursor : options_.from->listed) catch_up_.take_up(cursor);
}

void Delivery::pump() {
  send_what_fits();
  catching_up_.set(catch_up_.size());
}

void Delivery::send_what_fits() {
  while (catch_up_.has_answer() || outlet_.has_room()) {
    if (pump_rewinds()) continue;
    read_if_needed();
    if (!pump_live()) return;
  }
}

bool Delivery::pump_rewinds() {
  const auto output = catch_up_.next(follower_->cursor());
  if (output) std::visit([this](const auto& item) { act(item); }, *output);
  return output.has_value();
}

bool Delivery::pump_live() {
  if (catch_up_.holds_live()) return false;
  const auto item = follower_->next();
  if (!item) return false;
  if (catch_up_.accepts_live(item->event->job, item->event->sequence)) outlet_.send(live_frame(*item));
  return true;
}

/// The shared frame, unless this socket's offset is another one than the event's position.
SharedBytes Delivery::live_frame(const fanout::Item& item) const {
  if (options_.with_offsets && catch_up_.size() == 0) return item.frame;
  const auto shared = parts_.recovery.offset_text({item.event->position, {}});
  return replace_offset(item.frame, shared,
                        options_.with_offsets ? parts_.recovery.offset_text(offset()) : std::string());
}

void Delivery::rewind(const JobId& job, std::uint64_t after, const Ack& ack) {
  if (const auto started = catch_up_.start(job, after, ack); !started) {
    return outlet_.refuse(ack, job.to_string(), started.error());
  }
  pump();
}

void Delivery::stop_rewind(const JobId& job) {
  catch_up_.stop(job);
  pump();
}

void Delivery::read_if_needed() {
  const auto read = catch_up_.next_read();
  if (!read) return;
  reads_.add(lifetime_.guard([this, read = *read](ReadQueue::Done done) {
    parts_.jobs.read_job(
        parts_.loop, options_.owner, read.job, read.after, {},
        lifetime_.guard([this, done = std::move(done)](const Result<job::JobPage>& page) mutable {
          on_page(page);
          done();
        }));
  }));
}

void Delivery::on_page(const Result<job::JobPage>& page) {
  if (page) {
    catch_up_.on_page(*page);
  } else if (!catch_up_.on_error(page.error())) {
    // The client was promised these events.
    if (!is_retryable(page.error().code)) return fail(page.error());
    parts_.loop.after(kRetryDelay, lifetime_.guard([this] { pump(); }));
    return;
  }
  pump();
}

void Delivery::fail(const Error& error) {
  spdlog::warn("stream ended: {}: {}", code_name(error.code), error.message);
  outlet_.close(CloseReason::overloaded);
}

void Delivery::act(const job::EventPtr& event) {
  outlet_.send(
      encode_event(*event, options_.with_offsets ? parts_.recovery.offset_text(offset()) : std::string()));
}

void Delivery::act(const CatchUp::Accepted& accepted) {
  outlet_.ack(accepted.ticket, json::Object().add("ok", true).add("jobId", accepted.job.to_string()).str());
}

void Delivery::act(const CatchUp::Rejected& rejected) {
  outlet_.refuse(rejected.ticket, rejected.job.to_string(), rejected.error);
}

void Delivery::act(const CatchUp::Dropped& dropped) {
  // Without an ack nobody waits: the later request or the end of the subscription is the answer.
  if (!dropped.ticket) return;
  outlet_.refuse(dropped.ticket, {},
                 {Errc::bad_request, "A later request for the same job replaced this one."});
}

void Delivery::act(const CatchUp::Completed& completed) {
  outlet_.event("sync:complete", json::Object()
                                     .add("jobId", completed.job.to_string())
                                     .add("replayed", completed.replayed)
                                     .add("lastSequence", completed.requested_after)
                                     .str());
}

}  // namespace hawser::session
