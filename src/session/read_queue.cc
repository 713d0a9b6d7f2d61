#include "session/read_queue.h"

#include <utility>

namespace hawser::session {

void ReadQueue::add(Read read) {
  waiting_.push_back(std::move(read));
  if (!busy_) start_next();
}

void ReadQueue::start_next() {
  busy_ = !waiting_.empty();
  if (!busy_) return;
  auto read = std::move(waiting_.front());
  waiting_.pop_front();
  read(lifetime_.guard([this] { start_next(); }));
}

}  // namespace hawser::session
