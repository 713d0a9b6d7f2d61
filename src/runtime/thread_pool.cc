#include "runtime/thread_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace hawser::runtime {

struct ThreadPool::State {
  std::size_t queue_limit = 0;
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<Task> queue;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ready.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      auto task = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // What the task holds is released outside the lock.
      lock.lock();
    }
  }
};

ThreadPool::ThreadPool(const std::string& name, std::size_t threads, std::size_t queue_limit)
    : state_(std::make_unique<State>()) {
  state_->queue_limit = queue_limit;
  for (std::size_t i = 0; i < threads; ++i) {
    auto& thread = state_->threads.emplace_back([state = state_.get()] { state->work(); });
    pthread_setname_np(thread.native_handle(), name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() {
  stop();
}

bool ThreadPool::try_post(Task task) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->stopping || state_->queue.size() >= state_->queue_limit) return false;
    state_->queue.push_back(std::move(task));
  }
  state_->ready.notify_one();
  return true;
}

std::size_t ThreadPool::queued() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->queue.size();
}

void ThreadPool::stop() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->ready.notify_all();
  for (auto& thread : state_->threads) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace hawser::runtime
