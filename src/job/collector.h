#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "job/retention.h"

namespace hawser::job {

/// The ended jobs and tombstones of a store, as the Collector sees them. What it deletes is not found again.
class EndedJobs {
 public:
  virtual ~EndedJobs() = default;
  /// The job of the state that ended first, at `from` or later.
  virtual Result<std::optional<JobRecord>> oldest(JobState state, WallMillis from) = 0;
  virtual Result<std::optional<JobRecord>> oldest_of(std::string_view owner, JobState state) = 0;
  virtual Result<EndedTotals> totals(std::string_view owner) = 0;
  virtual Status remove(const JobRecord& record) = 0;

  virtual std::size_t tombstones() const = 0;
  /// The one whose job was deleted first, at `from` or later.
  virtual Result<std::optional<Tombstone>> oldest_tombstone(WallMillis from) = 0;
  virtual Status forget(const Tombstone& tombstone) = 0;
};

/// Decides which ended jobs are deleted, and when it is time to look. Keeps only times and the names of
/// owners who have too much; a look when nothing is due costs a few comparisons. Shared by the stores; one
/// thread.
class Collector {
 public:
  /// Jobs that ended before `counted_from` are as old as if they had ended then: an operator who upgrades has
  /// the whole time to change his mind.
  explicit Collector(const Retention& retention, WallMillis counted_from = 0)
      : retention_(retention), counted_from_(counted_from) {}

  /// A job is ended now.
  void note_ended(const JobRecord& record, const EndedTotals& totals);
  /// Whether there is a bound on what one owner has.
  bool bounds_owners() const;
  /// What the owner has, when the store opens.
  void note_owner(std::string_view owner, const EndedTotals& totals);
  void note_tombstone(WallMillis deleted_at);

  /// Deletes what is due, at most limits::kSweepDeletions. Returns how many jobs were deleted.
  Result<std::size_t> sweep(EndedJobs& jobs, Moment now);
  /// After an error: what cannot be read cannot be deleted, and must not be tried again and again.
  void give_up() { gave_up_ = true; }

 private:
  static constexpr WallMillis kNever = std::numeric_limits<WallMillis>::max();

  bool trusts_clock(Moment now);
  bool is_over(const EndedTotals& totals) const;
  Status by_age(EndedJobs& jobs, JobState state, WallMillis now);
  Status by_owner(EndedJobs& jobs, WallMillis now);
  Status relieve(EndedJobs& jobs, const std::string& owner, WallMillis now);
  Result<std::optional<JobRecord>> surplus(EndedJobs& jobs, std::string_view owner) const;
  Status forget(EndedJobs& jobs, WallMillis now);
  Status remove(EndedJobs& jobs, const JobRecord& record, WallMillis now);
  void watch(std::string_view owner, WallMillis when);

  Retention retention_;
  WallMillis counted_from_;
  /// By ended_index: no ended job of the state ended before.
  std::array<WallMillis, kEndedStates.size()> oldest_{};
  WallMillis oldest_tombstone_ = 0;  ///< likewise
  /// Owners with more than they may keep, and when to look at them.
  std::map<std::string, WallMillis, std::less<>> over_;
  std::set<std::pair<WallMillis, std::string>> due_;

  std::optional<TimePoint> steady_since_;
  WallMillis offset_ = 0;  ///< of the wall clock to the monotonic one
  std::size_t budget_ = 0;
  std::size_t deleted_ = 0;
  bool gave_up_ = false;
};

}  // namespace hawser::job
