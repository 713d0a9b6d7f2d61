#include "net/write_queue.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace hawser::net {
namespace {

/// A drained queue above this gives its memory back: connections are many and mostly idle.
constexpr std::size_t kKeptItems = 16;

/// Appends bytes [skip, size) of a part; `skip` is reduced by what the part covers.
void add_part(std::span<iovec> out, std::size_t& used, const char* data, std::size_t size,
              std::size_t& skip) {
  const auto covered = std::min(skip, size);
  skip -= covered;
  if (covered == size) return;
  // sendmsg only reads, but iovec has no const form.
  out[used++] = {const_cast<char*>(data) + covered, size - covered};
}

}  // namespace

void WriteQueue::push(std::string_view header, SharedBytes body) {
  assert(header.size() <= kMaxHeader);
  Item item{};
  std::copy(header.begin(), header.end(), item.header.begin());
  item.header_size = static_cast<std::uint8_t>(header.size());
  item.body = std::move(body);
  if (item.size() == 0) return;
  bytes_ += item.size();
  items_.push_back(std::move(item));
}

std::size_t WriteQueue::gather(std::span<iovec> out) const {
  std::size_t used = 0;
  std::size_t skip = offset_;
  for (auto i = first_; i < items_.size() && used + 2 <= out.size(); ++i) {
    const auto& item = items_[i];
    add_part(out, used, item.header.data(), item.header_size, skip);
    if (item.body) add_part(out, used, item.body->data(), item.body->size(), skip);
  }
  return used;
}

std::size_t WriteQueue::copy_front(std::span<char> out) const {
  std::size_t filled = 0;
  std::size_t skip = offset_;
  for (auto i = first_; i < items_.size() && filled < out.size(); ++i) {
    std::array<iovec, 2> parts;
    std::size_t used = 0;
    const auto& item = items_[i];
    add_part(parts, used, item.header.data(), item.header_size, skip);
    if (item.body) add_part(parts, used, item.body->data(), item.body->size(), skip);
    for (const auto& part : std::span(parts).first(used)) {
      const auto size = std::min(part.iov_len, out.size() - filled);
      std::memcpy(out.data() + filled, part.iov_base, size);
      filled += size;
    }
  }
  return filled;
}

void WriteQueue::consume(std::size_t count) {
  bytes_ -= count;
  offset_ += count;
  while (first_ < items_.size() && offset_ >= items_[first_].size()) {
    offset_ -= items_[first_].size();
    items_[first_].body.reset();
    ++first_;
  }
  if (first_ == items_.size()) {
    if (items_.capacity() > kKeptItems) items_ = {};
    items_.clear();
    first_ = 0;
  } else if (first_ > items_.size() / 2) {  // Moves each item at most once on average.
    items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void WriteQueue::discard_unstarted() {
  const auto keep = offset_ > 0 ? first_ + 1 : first_;
  items_.resize(keep);
  bytes_ = offset_ > 0 ? items_[first_].size() - offset_ : 0;
}

}  // namespace hawser::net
