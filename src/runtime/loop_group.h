#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "runtime/asio_loop.h"

namespace hawser::runtime {

/// The loops of a server, each on a thread of its own. Made, run and stopped on the main thread.
class LoopGroup {
 public:
  /// `count` 0: one a processor core.
  LoopGroup(std::size_t count, Clock& clock);
  /// Stops. What is still posted goes with the loops.
  ~LoopGroup();
  LoopGroup(const LoopGroup&) = delete;
  LoopGroup& operator=(const LoopGroup&) = delete;

  void run();
  /// Returns when no loop runs any more.
  void stop();

  std::size_t size() const { return loops_.size(); }
  AsioLoop& operator[](std::size_t index) const { return *loops_[index]; }
  std::vector<AsioLoop*> all() const;

 private:
  std::vector<std::unique_ptr<AsioLoop>> loops_;
  std::vector<std::jthread> threads_;
};

}  // namespace hawser::runtime
