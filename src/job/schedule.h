#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "job/policy.h"
#include "job/record.h"
#include "job/transition.h"

namespace hawser::job {

/// Which job is next, and when something is due that nobody asks for: the active jobs of a store as far as
/// time and order go. All of it is made from their records, so nothing here is stored; times run on the
/// monotonic clock and begin anew when a store opens. Shared by the stores; one thread.
class Schedule {
 public:
  explicit Schedule(std::shared_ptr<const Policies> policies) : policies_(std::move(policies)) {}

  const Policy& policy(std::string_view type) const { return policies_->of(type); }
  const Quota& quota() const { return policies_->quota(); }

  void clear() { *this = Schedule(policies_); }
  /// Follows a record after each change; it is forgotten when it is no longer active.
  void update(const JobRecord& record, Moment now);
  /// Its holder was heard of.
  void renew(const JobId& id, TimePoint now);

  /// The job to hand out next, as Claim says.
  std::optional<JobId> next(std::span<const std::string> types) const;

  struct Due {
    JobId id;
    /// Nothing: it has waited long enough and can be claimed from now on.
    std::optional<Overdue> overdue;
  };
  /// What has become due, at most `most`. Whoever takes an overdue job must act on it and `update` it.
  std::vector<Due> take_due(TimePoint now, std::size_t most);

 private:
  enum class Place : std::uint8_t { nowhere, delayed, queued, held };
  static constexpr TimePoint kNever = TimePoint::max();
  using Order = std::tuple<std::int32_t, WallMillis, JobId>;  ///< the highest priority, the oldest first

  struct Job {
    std::shared_ptr<const std::string> owner, type;
    Order order;
    Place place = Place::nowhere;
    std::uint64_t epoch = 0;
    std::uint64_t last_sequence = 0;
    WallMillis not_before = 0;
    WallMillis series_started_at = 0;
    Duration lease{}, idle_timeout{};
    TimePoint ready_at, heard_at, wrote_at;
    TimePoint deadline = kNever;
    bool begun = false;
    TimePoint timer = kNever;  ///< its entry in `timers_`, never later than what is due first
  };
  struct Owner {
    std::size_t held = 0;      ///< leased jobs
    std::uint64_t served = 0;  ///< when it got its last one; grows from job to job
    std::map<std::string, std::set<Order>, std::less<>> queues;  ///< by type
  };
  /// An owner that has queued jobs of a type: the first is served first.
  using Turn = std::tuple<std::size_t, std::uint64_t, std::string_view>;

  void forgive_standstill(TimePoint now);
  static void read_times(Job& job, const JobRecord& record, const Policy& policy, Moment now, bool is_new);
  void move(Job& job, Place place);
  template <class Change>
  void change_owner(const std::string& name, Change change);
  static TimePoint lease_end(const Job& job);
  static TimePoint idle_end(const Job& job);
  static TimePoint first_due(const Job& job);
  static std::optional<Overdue> overdue_of(const Job& job, TimePoint now);
  void arm(const JobId& id, Job& job);
  void disarm(const JobId& id, Job& job);

  std::shared_ptr<const Policies> policies_;
  std::unordered_map<JobId, Job> jobs_;
  std::map<std::string, Owner, std::less<>> owners_;          ///< with queued or leased jobs
  std::map<std::string, std::set<Turn>, std::less<>> turns_;  ///< by type; names point into `owners_`
  std::set<std::pair<TimePoint, JobId>> timers_;
  std::uint64_t last_served_ = 0;
  std::optional<TimePoint> last_look_;  ///< of take_due
};

}  // namespace hawser::job
