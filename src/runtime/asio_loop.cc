#include "runtime/asio_loop.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>
#include <utility>
#include <vector>

namespace hawser::runtime {

namespace asio = boost::asio;

/// Timers stand in one ordered map over a single asio timer, so that tens of thousands of heartbeats cost
/// a tree node each and one armed descriptor in all.
struct AsioLoop::State {
  State(std::size_t core, Clock& source)
      : index(core), clock(source), context(1), keep_running(context.get_executor()), alarm(context) {}

  using Key = std::pair<TimePoint, std::uint64_t>;

  const std::size_t index;
  Clock& clock;
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> keep_running;
  asio::steady_timer alarm;
  std::map<Key, Task> timers;
  std::map<std::uint64_t, TimePoint> deadlines;
  std::uint64_t next_timer = 1;
  TimePoint armed_for = TimePoint::max();
  std::vector<Task> end_of_turn;
  bool turn_scheduled = false;
  std::atomic<std::thread::id> thread;

  void arm() {
    const auto first = timers.empty() ? TimePoint::max() : timers.begin()->first.first;
    if (first == armed_for) return;
    armed_for = first;
    if (first == TimePoint::max()) {
      alarm.cancel();
      return;
    }
    alarm.expires_at(first);
    alarm.async_wait([this](const boost::system::error_code& error) {
      if (!error) run_due();
    });
  }

  bool has_due() const { return !timers.empty() && timers.begin()->first.first <= clock.now(); }

  void run_due() {
    armed_for = TimePoint::max();
    const auto now = clock.now();
    while (!timers.empty() && timers.begin()->first.first <= now) {
      auto node = timers.extract(timers.begin());
      deadlines.erase(node.key().second);
      node.mapped()();
    }
    arm();
  }

  void finish_turn() {
    turn_scheduled = false;
    std::vector<Task> tasks;
    tasks.swap(end_of_turn);
    for (auto& task : tasks) task();
  }
};

AsioLoop::AsioLoop(std::size_t index, Clock& clock) : state_(std::make_unique<State>(index, clock)) {}

AsioLoop::~AsioLoop() = default;

void AsioLoop::post(Task task) {
  asio::post(state_->context, std::move(task));
}

TimerId AsioLoop::at(TimePoint when, Task task) {
  const auto id = state_->next_timer++;
  state_->timers.emplace(State::Key{when, id}, std::move(task));
  state_->deadlines.emplace(id, when);
  state_->arm();
  return TimerId{id};
}

void AsioLoop::cancel(TimerId timer) {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto deadline = state_->deadlines.find(id);
  if (deadline == state_->deadlines.end()) return;
  state_->timers.erase({deadline->second, id});
  state_->deadlines.erase(deadline);
}

TimePoint AsioLoop::now() const {
  return state_->clock.now();
}

WallMillis AsioLoop::wall_now() const {
  return state_->clock.wall_now();
}

std::size_t AsioLoop::index() const {
  return state_->index;
}

bool AsioLoop::is_current() const {
  return state_->thread.load() == std::this_thread::get_id();
}

void AsioLoop::run() {
  state_->thread = std::this_thread::get_id();
  state_->context.run();
}

bool AsioLoop::poll() {
  state_->thread = std::this_thread::get_id();
  bool any = false;
  do {
    const bool due = state_->has_due();
    if (due) state_->run_due();
    any = state_->context.poll() > 0 || due || any;
  } while (state_->has_due());
  state_->thread = std::thread::id();
  return any;
}

void AsioLoop::stop() {
  state_->context.stop();
}

void AsioLoop::at_end_of_turn(Task task) {
  state_->end_of_turn.push_back(std::move(task));
  if (std::exchange(state_->turn_scheduled, true)) return;
  // Handlers that are ready now stand before this one in the queue.
  asio::post(state_->context, [state = state_.get()] { state->finish_turn(); });
}

asio::io_context& AsioLoop::context() {
  return state_->context;
}

std::size_t AsioLoop::timers() const {
  return state_->timers.size();
}

}  // namespace hawser::runtime
