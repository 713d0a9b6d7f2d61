#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/gauge.h"
#include "base/lifetime.h"
#include "base/loop.h"
#include "fanout/feed.h"
#include "job/job_service.h"

namespace hawser::fanout {

class Follower;

/// What a follower tells its reader. Called on the core's loop, never within a call of the reader; the
/// reader must not destroy a follower in them.
struct FollowerEvents {
  /// The cursor stands. `resumed`: at the position that was asked for; else at the durable head as it was
  /// after `follow`.
  std::function<void(bool resumed)> on_started;
  /// `next` may have something.
  std::function<void()> on_ready;
  /// The stream cannot go on (`reset`, `damaged`, …), or could not be started; `next` stays empty.
  std::function<void(const Error&)> on_failed;
};

/// Fan-out of one core: for each owner that somebody here follows a feed of recent events, fed by
/// announcements, and cursors that read on from it or from the store. Announcements are hints: a late,
/// doubled or lost one costs a read, never an event (law 1). A slow comparison with the store's heads
/// heals even a lost last one. Lives on its loop; must outlive its followers.
class Hub {
 public:
  /// How often the heads are compared with the store.
  static constexpr auto kHeadCheckInterval = std::chrono::seconds(5);

  Hub(Loop& loop, job::JobService& jobs, Encoder encode);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Follows all events of the owner: those after the position `from`, or, without one and when the log
  /// does not go on from there (`reset`), those after the durable head.
  std::unique_ptr<Follower> follow(std::string owner, FollowerEvents events,
                                   std::optional<std::uint64_t> from = std::nullopt);

  void announce(const job::CommitGroup& group);
  /// Tells one more reader of every group, for what is not an event: work that was queued, leases that were
  /// taken away. Before the first announcement.
  void watch(std::function<void(const job::CommitGroup&)> watcher) { watcher_ = std::move(watcher); }
  /// Announcements were lost: ask the store for the heads of all followed owners.
  void catch_up();

  Loop& loop() { return loop_; }
  std::size_t followed_owners() const { return owners_.size(); }
  /// The same for any thread.
  const Gauge& followed_gauge() const { return followed_; }

 private:
  friend class Follower;

  struct Owner {
    Feed feed;
    std::vector<Follower*> followers;
    bool moved = false;  ///< by the group that is being announced
  };

  Owner& join(const std::string& name, Follower& follower);
  void leave(const std::string& name, Follower& follower);
  static void wake(Owner& owner);
  /// The log is known to reach `position`. Whoever learned it, all followers are told: the announcement that
  /// is still to come will not move the head any more.
  static void raise_head(Owner& owner, std::uint64_t position);
  void check_heads();
  void check_next_head();
  void on_head(const std::string& name, const Result<std::uint64_t>& head);
  void schedule_check();

  Loop& loop_;
  job::JobService& jobs_;
  Encoder encode_;
  std::function<void(const job::CommitGroup&)> watcher_;
  std::unordered_map<std::string, Owner> owners_;  // references to elements stay valid
  std::deque<std::string> unchecked_;              ///< owners whose head this round still compares
  Gauge followed_;
  std::size_t checking_ = 0;
  bool check_again_ = false;
  TimerId check_timer_ = TimerId::none;
  Lifetime lifetime_;
};

}  // namespace hawser::fanout
