#include "runtime/loop_group.h"

#include <algorithm>

namespace hawser::runtime {

LoopGroup::LoopGroup(std::size_t count, Clock& clock) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<AsioLoop>(i, clock));
}

LoopGroup::~LoopGroup() {
  stop();
}

void LoopGroup::run() {
  for (const auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void LoopGroup::stop() {
  for (const auto& loop : loops_) loop->stop();
  threads_.clear();
}

std::vector<AsioLoop*> LoopGroup::all() const {
  std::vector<AsioLoop*> all;
  all.reserve(loops_.size());
  for (const auto& loop : loops_) all.push_back(loop.get());
  return all;
}

}  // namespace hawser::runtime
