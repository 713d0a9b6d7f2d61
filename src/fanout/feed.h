#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "job/event.h"

namespace hawser::fanout {

/// Turns an event into the bytes that every reader of it gets.
using Encoder = std::function<SharedBytes(const job::Event&)>;

/// An event that is ready to be sent, with its encoding shared by all readers of the core.
struct Item {
  job::EventPtr event;
  SharedBytes frame;
};

/// The recent events of one owner: a gapless run of positions, bounded by kFeedEvents and kFeedBytes (the
/// newest event stays however large it is), and the highest position heard of. It is a cache of the log:
/// what is not here is read from the store. No I/O; lives on one core.
class Feed {
 public:
  /// Takes what the store announced. Doubled and old announcements change nothing; one that leaves a hole
  /// starts the run anew. True when the head moved.
  bool announce(const job::EventPtr& event);
  /// The store's log is known to reach `position`. True when the head moved.
  bool raise_head(std::uint64_t position);
  std::uint64_t head() const { return head_; }

  /// Replaces an event that was announced without its filled-in parts by the one a read returned.
  void complete(const job::EventPtr& event);
  /// The event at `position` if it is here and complete; encodes it the first time.
  std::optional<Item> find(std::uint64_t position, const Encoder& encode);

  std::size_t size() const { return run_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  Item* at(std::uint64_t position);
  void trim();

  std::deque<Item> run_;  ///< consecutive positions; `frame` is null until it is first asked for
  std::size_t bytes_ = 0;
  std::uint64_t head_ = 0;
};

}  // namespace hawser::fanout
