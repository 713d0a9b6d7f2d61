#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/loop.h"

namespace hawser::runtime {

/// A bounded pool for work that blocks. Tasks start in order of arrival, on any of the threads.
class ThreadPool final : public WorkPool {
 public:
  /// `name` shows in debuggers (15 characters).
  ThreadPool(const std::string& name, std::size_t threads, std::size_t queue_limit);
  /// As stop().
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] bool try_post(Task task) override;
  /// Tasks that wait for a thread. Any thread.
  std::size_t queued() const;
  /// Takes no new tasks, runs the queued ones, joins. Idempotent; not from a pool thread.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hawser::runtime
