#include "fanout/hub.h"

#include <algorithm>
#include <utility>

#include "fanout/follower.h"

namespace hawser::fanout {
namespace {

/// Heads that are read at the same time, so that a round over many owners leaves the readers to others.
constexpr std::size_t kParallelChecks = 16;

}  // namespace

Hub::Hub(Loop& loop, job::JobService& jobs, Encoder encode)
    : loop_(loop), jobs_(jobs), encode_(std::move(encode)) {}

Hub::~Hub() {
  loop_.cancel(check_timer_);
}

std::unique_ptr<Follower> Hub::follow(std::string owner, FollowerEvents events,
                                      std::optional<std::uint64_t> from) {
  return std::unique_ptr<Follower>(new Follower(*this, std::move(owner), std::move(events), from));
}

Hub::Owner& Hub::join(const std::string& name, Follower& follower) {
  const auto [found, added] = owners_.try_emplace(name);
  if (added) followed_.add(1);
  auto& owner = found->second;
  owner.followers.push_back(&follower);
  if (check_timer_ == TimerId::none) schedule_check();
  return owner;
}

void Hub::leave(const std::string& name, Follower& follower) {
  const auto found = owners_.find(name);
  std::erase(found->second.followers, &follower);
  if (!found->second.followers.empty()) return;
  owners_.erase(found);
  followed_.add(-1);
}

void Hub::announce(const job::CommitGroup& group) {
  std::vector<Owner*> moved;
  for (const auto& event : group.events) {
    const auto found = owners_.find(*event->owner);
    if (found == owners_.end()) continue;
    auto& owner = found->second;
    if (owner.feed.announce(event) && !std::exchange(owner.moved, true)) moved.push_back(&owner);
  }
  for (auto* owner : moved) wake(*owner);
  if (watcher_) watcher_(group);
}

void Hub::wake(Owner& owner) {
  owner.moved = false;
  for (auto* follower : owner.followers) follower->wake();
}

void Hub::raise_head(Owner& owner, std::uint64_t position) {
  if (owner.feed.raise_head(position)) wake(owner);
}

void Hub::catch_up() {
  check_heads();
  if (watcher_) watcher_({.events = {}, .work_queued = true, .revoked = {}});
}

void Hub::check_heads() {
  if (checking_ > 0) {
    check_again_ = true;
    return;
  }
  unchecked_.clear();
  for (const auto& [name, owner] : owners_) unchecked_.push_back(name);
  for (std::size_t i = 0; i < kParallelChecks; ++i) check_next_head();
}

void Hub::check_next_head() {
  if (unchecked_.empty()) return;
  auto name = std::move(unchecked_.front());
  unchecked_.pop_front();
  ++checking_;
  jobs_.owner_head(loop_, name,
                   lifetime_.guard([this, name](const Result<std::uint64_t>& head) { on_head(name, head); }));
}

void Hub::on_head(const std::string& name, const Result<std::uint64_t>& head) {
  --checking_;
  // A head that could not be read is compared again in the next round.
  if (const auto found = owners_.find(name); head && found != owners_.end()) raise_head(found->second, *head);
  check_next_head();
  if (checking_ == 0 && std::exchange(check_again_, false)) check_heads();
}

void Hub::schedule_check() {
  check_timer_ = loop_.after(kHeadCheckInterval, [this] {
    check_timer_ = TimerId::none;
    check_heads();
    if (!owners_.empty()) schedule_check();
  });
}

}  // namespace hawser::fanout
