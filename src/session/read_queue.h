#pragma once

#include <deque>
#include <functional>

#include "base/lifetime.h"

namespace hawser::session {

/// Runs the reads of one socket one after another, so that answers keep the order of the questions
/// (`subscribed` before the replay that was asked for behind it) and a socket occupies one reader at most.
class ReadQueue {
 public:
  /// To be called when the answer has been dealt with, in a later turn of the loop.
  using Done = std::move_only_function<void()>;
  using Read = std::move_only_function<void(Done)>;

  void add(Read read);

 private:
  void start_next();

  std::deque<Read> waiting_;
  bool busy_ = false;
  Lifetime lifetime_;
};

}  // namespace hawser::session
