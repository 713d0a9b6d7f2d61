#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/time.h"

namespace hawser {

/// The only clock, implemented in `runtime`. Injected, so that tests and the simulator own time. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallMillis wall_now() const = 0;
};

/// The only randomness, cryptographically strong in production. Any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(void* out, std::size_t size) = 0;
  /// `size` random bytes as URL-safe base64 without padding.
  std::string token(std::size_t size);
};

using Task = std::move_only_function<void()>;

enum class TimerId : std::uint64_t { none = 0 };

/// One event loop, one thread, one core. Everything that belongs to a core runs here and needs no lock.
class Loop {
 public:
  virtual ~Loop() = default;

  /// Runs `task` in a later turn of the loop, after everything posted before. Any thread.
  virtual void post(Task task) = 0;
  /// Runs `task` once after `when`, never early. Loop thread.
  virtual TimerId at(TimePoint when, Task task) = 0;
  /// The task will not run; a timer that has run or `none` is ignored. Loop thread.
  virtual void cancel(TimerId timer) = 0;
  virtual TimePoint now() const = 0;
  virtual WallMillis wall_now() const = 0;
  /// Index of the core among those of the server, from 0.
  virtual std::size_t index() const = 0;
  virtual bool is_current() const = 0;

  TimerId after(Duration delay, Task task) { return at(now() + delay, std::move(task)); }
};

/// Runs work that blocks (disk reads) away from the loops.
class WorkPool {
 public:
  virtual ~WorkPool() = default;
  /// False when its queue is full or it stops; the task is then destroyed without being run. Any thread.
  [[nodiscard]] virtual bool try_post(Task task) = 0;
};

}  // namespace hawser
