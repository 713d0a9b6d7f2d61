#include "fanout/feed.h"

#include <algorithm>

#include "base/limits.h"

namespace hawser::fanout {
namespace {

std::size_t size_of(const SharedBytes& bytes) {
  return bytes ? bytes->size() : 0;
}

std::size_t cost(const Item& item) {
  return sizeof(job::Event) + size_of(item.event->payload) + size_of(item.event->partial_output) +
         size_of(item.frame);
}

}  // namespace

bool Feed::announce(const job::EventPtr& event) {
  if (!run_.empty() && event->position <= run_.back().event->position) return false;
  if (run_.empty() || event->position == run_.back().event->position + 1) {
    run_.push_back({event, nullptr});
    bytes_ += cost(run_.back());
    trim();
  } else {
    run_.assign(1, {event, nullptr});
    bytes_ = cost(run_.back());
  }
  return raise_head(event->position);
}

bool Feed::raise_head(std::uint64_t position) {
  if (position <= head_) return false;
  head_ = position;
  return true;
}

void Feed::complete(const job::EventPtr& event) {
  auto* item = at(event->position);
  if (item == nullptr || item->event->complete) return;
  bytes_ -= cost(*item);
  *item = {event, nullptr};
  bytes_ += cost(*item);
  trim();
}

std::optional<Item> Feed::find(std::uint64_t position, const Encoder& encode) {
  auto* item = at(position);
  if (item == nullptr || !item->event->complete) return std::nullopt;
  if (item->frame) return *item;
  item->frame = encode(*item->event);
  bytes_ += item->frame->size();
  auto found = *item;  // trimming may drop it from the run
  trim();
  return found;
}

Item* Feed::at(std::uint64_t position) {
  if (run_.empty() || position < run_.front().event->position) return nullptr;
  const auto index = position - run_.front().event->position;
  return index < run_.size() ? &run_[index] : nullptr;
}

void Feed::trim() {
  while (run_.size() > 1 && (run_.size() > limits::kFeedEvents || bytes_ > limits::kFeedBytes)) {
    bytes_ -= cost(run_.front());
    run_.pop_front();
  }
}

}  // namespace hawser::fanout
