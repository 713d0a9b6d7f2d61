#include "fanout/follower.h"

#include <utility>

namespace hawser::fanout {
namespace {

/// Before a read that failed for a passing reason is repeated.
constexpr auto kRetryDelay = std::chrono::milliseconds(100);

}  // namespace

Follower::Follower(Hub& hub, std::string owner, FollowerEvents events, std::optional<std::uint64_t> from)
    : hub_(hub), name_(std::move(owner)), events_(std::move(events)), owner_(hub.join(name_, *this)) {
  if (from) {
    cursor_ = *from;
    read_page();  // Tells whether the log goes on from there.
  } else {
    read_head();
  }
}

Follower::~Follower() {
  hub_.loop_.cancel(retry_timer_);
  hub_.leave(name_, *this);
}

std::optional<Item> Follower::next() {
  if (state_ != State::following) return std::nullopt;
  if (!page_.empty()) return take_from_page();
  if (reading_) return std::nullopt;  // the cursor must not pass the page that is on its way
  if (auto item = owner_.feed.find(cursor_ + 1, hub_.encode_)) {
    ++cursor_;
    return item;
  }
  if (owner_.feed.head() > cursor_) read_page();
  return std::nullopt;
}

Item Follower::take_from_page() {
  auto event = std::move(page_.front());
  page_.pop_front();
  cursor_ = event->position;
  // Other readers of the feed may have encoded it already.
  if (auto shared = owner_.feed.find(cursor_, hub_.encode_)) return *std::move(shared);
  auto frame = hub_.encode_(*event);
  return {std::move(event), std::move(frame)};
}

void Follower::wake() {
  if (state_ == State::following && !reading_) events_.on_ready();
}

void Follower::read_head() {
  reading_ = true;
  hub_.jobs_.owner_head(hub_.loop_, name_,
                        lifetime_.guard([this](const Result<std::uint64_t>& head) { on_head(head); }));
}

void Follower::on_head(const Result<std::uint64_t>& head) {
  reading_ = false;
  if (!head) return retry_or_fail(head.error(), &Follower::read_head);
  cursor_ = *head;
  begin(*head, false);
}

void Follower::begin(std::uint64_t head, bool resumed) {
  state_ = State::following;
  events_.on_started(resumed);
  Hub::raise_head(owner_, head);
  if (owner_.feed.head() > cursor_) events_.on_ready();
}

void Follower::read_page() {
  if (reading_) return;
  reading_ = true;
  hub_.jobs_.read_owner(hub_.loop_, name_, cursor_, {},
                        lifetime_.guard([this](const Result<job::OwnerPage>& page) { on_page(page); }));
}

void Follower::on_page(const Result<job::OwnerPage>& page) {
  reading_ = false;
  const bool starting = state_ == State::starting;
  if (!page) {
    // What cannot be read cannot be continued from, now or at the next attempt.
    const auto code = page.error().code;
    if (starting && (code == Errc::reset || code == Errc::damaged)) return read_head();
    return retry_or_fail(page.error(), &Follower::read_page);
  }
  // A head was announced that this read did not reach: do not spin on it.
  if (page->events.empty() && !starting) return retry_later(&Follower::read_page);
  for (const auto& event : page->events) {
    owner_.feed.complete(event);
    page_.push_back(event);
  }
  if (starting) return begin(page->head, true);
  Hub::raise_head(owner_, page->head);
  events_.on_ready();
}

void Follower::retry_or_fail(const Error& error, void (Follower::*again)()) {
  if (is_retryable(error.code)) return retry_later(again);
  state_ = State::failed;
  events_.on_failed(error);
}

void Follower::retry_later(void (Follower::*again)()) {
  reading_ = true;
  retry_timer_ = hub_.loop_.after(kRetryDelay, [this, again] {
    reading_ = false;
    (this->*again)();
  });
}

}  // namespace hawser::fanout
