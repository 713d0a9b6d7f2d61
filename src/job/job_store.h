#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "base/limits.h"
#include "job/continue_from.h"
#include "job/event.h"
#include "job/job_list.h"
#include "job/record.h"
#include "job/retention.h"

namespace hawser::job {

// ---- Commands. Each is decided and written in one atomic step: state, events, indexes. ----

/// Creates a job and queues it. Writes no event. With a known idempotency key of the same owner: the
/// same type and input answer the existing job (`duplicate`), others `idempotency_conflict`; that holds
/// while the first start is still committing as well, and for limits::kIdempotencyMinAge after it even when
/// the job has been deleted.
/// Errors: too_many_jobs, idempotency_conflict, storage_full, overloaded.
struct Start {
  JobId id;
  std::string owner;
  std::string type;
  std::string input;  ///< JSON
  std::string idempotency_key;
  int priority = 0;  ///< JobRecord::priority
  Millis delay{0};   ///< before it may run
};

/// Leases a queued job of one of the types to `holder`: epoch +1, no event, state unchanged. Answers without
/// `claimed` when there is none. Owners take turns: next is whoever has the fewest leased jobs, then who has
/// waited longest; of its jobs the one of the highest priority, then the oldest.
/// A job whose attempts are used up fails with `interrupted` instead of being handed out.
struct Claim {
  std::vector<std::string> types;
  std::string holder;
  Millis lease{0};  ///< JobRecord::lease
};

/// The holder is alive, as any other command of its says too. Writes nothing. Errors: fenced, job_ended.
struct Renew {
  JobId id;
  std::uint64_t epoch = 0;
};

/// The run begins: state running, attempt +1, and job:started (first run ever) or
/// job:resumed {attempt, keepThrough}. `checkpoint` without a checkpoint means `beginning`.
struct Begin {
  JobId id;
  std::uint64_t epoch = 0;
  ContinueFrom from = ContinueFrom::last_event;
};

struct NewEvent {
  EventKind kind = EventKind::chunk;  ///< chunk, progress or checkpoint
  std::string payload;                ///< JSON as in Event::payload
};

/// Appends to the log of a job this holder has begun. `producer_sequence` numbers the first event: the
/// producer counts its events 1, 2, 3, … in each epoch. Events at or below the last accepted number are
/// skipped (a repeated batch is harmless); a hole is `sequence_gap`.
/// A batch that would pass limits::kMaxEventsPerJob or kMaxLogBytesPerJob ends the job as failed with
/// code output_limit instead (room for that event is reserved), and answers output_limit.
/// Errors: fenced, job_ended, invalid_state (the run has not begun), bad_request (another kind of event, or a
/// payload that is empty or over limits::kMaxEventPayload), sequence_gap, output_limit, storage_full,
/// overloaded.
struct Append {
  JobId id;
  std::uint64_t epoch = 0;
  std::uint64_t producer_sequence = 0;
  std::vector<NewEvent> events;
};

/// Ends the run with completed (payload: the result) or failed (payload: {"error","code"}). Repeating
/// it in the same epoch answers the stored outcome. Goes on when storage is full. An interrupted run that is
/// not to be done again may fail without Begin. A payload over limits::kMaxResult fails the job with
/// output_limit. A failure that is `retryable` queues the job again, after a while and without an event, as
/// long as Policy::attempts are not used up. Errors: fenced, job_ended, invalid_state (the run has not
/// begun), bad_request, output_limit.
struct Finish {
  JobId id;
  std::uint64_t epoch = 0;
  EventKind outcome = EventKind::completed;
  std::string payload;
  bool retryable = false;
};

/// Gives the lease back unfinished (drain): queued again; state checkpointed if the job has a checkpoint,
/// else unchanged. Epoch +1. No event. The run does not count as an attempt.
struct Release {
  JobId id;
  std::uint64_t epoch = 0;
};

/// Ends the job as cancelled with one event. On an ended job nothing is written and the reply tells the
/// state; a resume that still waits is withdrawn. Epoch +1, so that the worker is fenced.
/// Errors: not_found (foreign ids too), gone.
struct Cancel {
  JobId id;
  std::string owner;
  std::string reason;  ///< at most limits::kMaxCancelReason bytes
};

/// Queues a failed job again; it stays `failed` until its run begins with job:resumed. On a job that is
/// queued or running nothing is written. Errors: not_found, gone, invalid_state (completed, cancelled),
/// output_limit (its log is full), too_many_jobs.
struct Resume {
  JobId id;
  std::string owner;
};

/// Deletes an ended job whatever its age: record, input and log go in one step, a tombstone stays. On a
/// deleted job nothing is written. For administrators: asks for no owner. Errors: not_found, invalid_state
/// (the job is active).
struct Purge {
  JobId id;
};

/// Does what time demands: leases that ran out are taken away (as Release, but the run counts), hung runs and
/// overdue jobs end (Policy), jobs that have waited long enough are announced, and ended ones that were kept
/// long enough are deleted (Retention). To be sent every limits::kSweepInterval; handles limits::kSweepJobs
/// and deletes limits::kSweepDeletions at most.
struct Sweep {};

using Command =
    std::variant<Start, Claim, Renew, Begin, Append, Finish, Release, Cancel, Resume, Purge, Sweep>;

/// A job handed to a worker.
struct ClaimedJob {
  JobRecord record;
  std::string input;
  /// Handler state of the newest standing checkpoint, JSON.
  std::optional<std::string> checkpoint;
  std::uint32_t checkpoint_every = limits::kDefaultCheckpointEvery;  ///< Policy
};

struct Reply {
  JobId id;
  JobState state = JobState::created;
  std::uint64_t epoch = 0;
  std::uint64_t last_sequence = 0;
  bool duplicate = false;  ///< nothing was written: it had been done before
  std::unique_ptr<ClaimedJob> claimed;
};

using Completion = std::move_only_function<void(Result<Reply>)>;

// ---- Reads ----

struct ReadLimits {
  std::size_t events = limits::kPageEvents;
  std::size_t bytes = limits::kPageBytes;  ///< at least one event is returned however large
};

struct JobPage {
  std::vector<EventPtr> events;  ///< complete, in order, gapless
  std::uint64_t head = 0;        ///< last durable sequence of the job when it was read
};

struct OwnerPage {
  std::vector<EventPtr> events;  ///< complete, in order of position
  /// The read covered everything up to here: the last event's position, or the head at its end.
  std::uint64_t through = 0;
  std::uint64_t head = 0;
};

// ---- What the store announces ----

/// A holder that lost the right to write (its job was cancelled, timed out or ended by output_limit).
struct Revoked {
  JobId id;
  std::uint64_t epoch = 0;             ///< the holder's; a later one is somebody else's
  JobState state = JobState::created;  ///< of the job now
  bool operator==(const Revoked&) const = default;
};

/// Everything one group commit made durable. Shared by all cores, immutable.
struct CommitGroup {
  std::vector<EventPtr> events;  ///< in commit order; `complete` may be false
  /// A job was queued: idle workers should claim.
  bool work_queued = false;
  std::vector<Revoked> revoked;
};

/// Called on the store's committing thread after the group is durable and after the completions of its
/// commands; must return quickly and not throw.
using CommitListener = std::function<void(const std::shared_ptr<const CommitGroup>&)>;

struct StoreStatus {
  bool writable = true;     ///< false below the free-space reserve
  std::string incarnation;  ///< changes when positions may not be compared with earlier ones
  std::uint64_t free_bytes = 0;
  std::size_t queued_commands = 0;
};

/// Where commands go: a store, or the way to one in another process.
class Commands {
 public:
  virtual ~Commands() = default;

  /// Any thread; never blocks on the disk. The completion runs exactly once, on the store's thread or (an
  /// early refusal, a store without a thread) within the call; it must be quick. Hold no lock it needs.
  virtual void submit(Command command, Completion completion) = 0;
};

/// The durable log and state of all jobs: the truth. Implementations pass test/store/job_store_contract.
///
/// Guarantees of each:
///  1. A command's completion and the announcement of its events come after they are durable, in commit
///     order; for one submitting thread completions keep the order of submission.
///  2. Events of a job are numbered 1, 2, 3, … without holes and never reused; the events of an owner
///     likewise by position, in the same atomic step.
///  3. What was announced or read stays readable, with the same bytes, until the whole job is deleted.
///  4. After an unclean stop every announced or acknowledged command is there; leases of holders that
///     were in the old process are taken back before the store opens, those with a time begin anew.
class JobStore : public Commands {
 public:
  // Reads block on the disk: call them on a reader thread, never on a loop. Any thread. A deleted job is
  // `not_found`; who may know more asks for its tombstone.
  virtual Result<JobRecord> find(const JobId& id) = 0;
  virtual Result<std::string> input(const JobId& id) = 0;
  /// Events with a sequence above `after`. Errors: not_found, bad_sequence (above the head).
  virtual Result<JobPage> read_job(const JobId& id, std::uint64_t after, ReadLimits limits) = 0;
  /// What is left of a deleted job. Errors: not_found.
  virtual Result<Tombstone> tombstone(const JobId& id) = 0;
  /// Events of the owner with a position above `after`. Errors: reset, when `after` is beyond the head, when
  /// an event above it belonged to a job that was deleted, or so far back that more than
  /// limits::kMaxMergedJobs jobs would be merged.
  virtual Result<OwnerPage> read_owner(std::string_view owner, std::uint64_t after, ReadLimits limits) = 0;
  /// For administrators: jobs that the filter accepts, older than `before`. Looks at limits::kListScan jobs
  /// at most and returns `most` of them at most. Jobs that cannot be read are left out.
  virtual Result<JobList> list(const JobFilter& filter, const std::optional<JobId>& before,
                               std::size_t most) = 0;
  /// Counts limits::kQueueScan active jobs at most.
  virtual Result<Queues> queues(WallMillis now) = 0;
  /// Last durable position of the owner; 0 for an unknown one.
  virtual Result<std::uint64_t> owner_head(std::string_view owner) = 0;

  virtual StoreStatus status() = 0;
  /// Sets the one listener. Before the first submit.
  virtual void set_listener(CommitListener listener) = 0;
  /// Commits what is queued, then refuses with shutting_down. Idempotent.
  virtual void stop() = 0;
};

}  // namespace hawser::job
