#include "store/command_queue.h"

#include <utility>
#include <variant>

#include "base/limits.h"
#include "store/refusals.h"

namespace hawser::store {
namespace {

struct Size {
  std::size_t events = 1;
  std::size_t bytes = 0;
};

Size size_of(const job::Command& command) {
  if (const auto* start = std::get_if<job::Start>(&command))
    return {.events = 1, .bytes = start->input.size()};
  if (const auto* finish = std::get_if<job::Finish>(&command))
    return {.events = 1, .bytes = finish->payload.size()};
  const auto* append = std::get_if<job::Append>(&command);
  if (append == nullptr) return {};
  Size size{.events = append->events.size(), .bytes = 0};
  for (const auto& event : append->events) size.bytes += event.payload.size();
  return size;
}

bool is_new_work(const job::Command& command) {
  return std::holds_alternative<job::Start>(command) || std::holds_alternative<job::Append>(command);
}

}  // namespace

PendingCommand::PendingCommand(job::Command what, job::Completion then)
    : command(std::move(what)), completion(std::move(then)) {
  const auto size = size_of(command);
  events = size.events;
  bytes = size.bytes;
}

Status CommandQueue::push(PendingCommand& pending) {
  const std::size_t share = is_new_work(pending.command) ? 1 : 2;
  const std::lock_guard lock(mutex_);
  if (closed_) return std::unexpected(shutting_down());
  if (pending_.size() >= share * limits::kCommitQueueCommands ||
      bytes_ >= share * limits::kCommitQueueBytes) {
    return std::unexpected(overloaded());
  }
  bytes_ += pending.bytes;
  pending_.push_back(std::move(pending));
  filled_.notify_one();
  return {};
}

std::vector<PendingCommand> CommandQueue::pop_group() {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [this] { return closed_ || !pending_.empty(); });
  std::vector<PendingCommand> group;
  std::size_t events = 0;
  std::size_t bytes = 0;
  while (!pending_.empty()) {
    auto& next = pending_.front();
    events += next.events;
    bytes += next.bytes;
    if (!group.empty() && (events > limits::kCommitGroupEvents || bytes > limits::kCommitGroupBytes)) break;
    bytes_ -= next.bytes;
    group.push_back(std::move(next));
    pending_.pop_front();
  }
  return group;
}

void CommandQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  filled_.notify_all();
}

std::size_t CommandQueue::size() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

}  // namespace hawser::store
