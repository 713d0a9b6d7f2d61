#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/time.h"

namespace hawser::net {

/// Counts what is alive on all cores together (connections, sessions), refuses more than a limit, and lets
/// the main thread wait for the last to go. Any thread.
class Population : public std::enable_shared_from_this<Population> {
 public:
  /// One place, given back when this is destroyed. Moves with what it counts.
  class Member {
   public:
    Member() = default;
    explicit Member(std::shared_ptr<Population> population) : population_(std::move(population)) {}
    ~Member() {
      if (population_) population_->leave();
    }
    Member(Member&&) noexcept = default;
    Member& operator=(Member&& other) noexcept {
      population_.swap(other.population_);
      return *this;
    }

   private:
    std::shared_ptr<Population> population_;
  };

  /// Nothing when there are `limit` members or more.
  std::optional<Member> enter(std::size_t limit);
  std::size_t size() const;
  /// False when somebody is left at the deadline.
  bool wait_until_empty(TimePoint deadline);

 private:
  void leave();

  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  std::size_t size_ = 0;
};

}  // namespace hawser::net
