#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/id.h"
#include "job/job_store.h"
#include "session/stream_offset.h"

namespace hawser::session {

/// The rewinds of one socket (`reconnect:sync`), spliced into its live stream so that every event goes out
/// once and none is left out (DESIGN 4). Sans-I/O: pages and live events in, events and answers out.
///
/// While a job is replayed from the store, the live cursor of the socket skips its events, remembering the
/// highest. The replay has caught up when it has sent that one and the head it saw at first: all later
/// events are still ahead of the live cursor. If the replay was ahead of the live cursor, the entry stays
/// as a floor until that has come by.
///
/// A rewind that fails or is given up must not swallow what the live cursor skipped for it, so the rest is
/// then replayed without an answer ("quietly").
///
/// One page is held at a time; the jobs take turns page by page.
class CatchUp {
 public:
  /// The ack id that a reconnect:sync came with, if it wants an ack; opaque here.
  using Ticket = std::optional<std::uint64_t>;

  /// To be read from the store now; answer with `on_page` or `on_error`.
  struct Read {
    JobId job;
    std::uint64_t after = 0;
  };

  /// The job is the user's and the cursor is valid; its events follow.
  struct Accepted {
    Ticket ticket;
    JobId job;
  };
  struct Rejected {
    Ticket ticket;
    JobId job;
    Error error;
  };
  /// Given up or restarted before it was accepted.
  struct Dropped {
    Ticket ticket;
  };
  /// Everything up to the head has gone out: sync:complete.
  struct Completed {
    JobId job;
    std::uint64_t replayed = 0;
    std::uint64_t requested_after = 0;
  };
  using Output = std::variant<job::EventPtr, Accepted, Rejected, Dropped, Completed>;

  /// Begins or restarts the replay of a job after a sequence. Errors: too_many_catch_ups.
  Status start(const JobId& job, std::uint64_t after, Ticket ticket);
  /// Takes up a replay that another connection of the client did not finish (connection state recovery):
  /// sends the rest quietly. When there is no such job any more, that is told as a Rejected without a ticket.
  /// Before the first `next`; at most kMaxCatchUps.
  void take_up(const StreamOffset::Cursor& cursor);
  /// Gives the replay up (`unsubscribe:job`); live delivery goes on.
  void stop(const JobId& job);

  /// The next thing to send; nothing when a read is needed first or all is done. `live_cursor` is the
  /// owner position that the live stream of the socket has reached.
  std::optional<Output> next(std::uint64_t live_cursor);

  /// `next` has an answer, which may be sent past the high-water mark; they would pile up else.
  bool has_answer() const { return !answers_.empty(); }

  /// Whether the live cursor may send this event. To be asked once for each event, in order.
  bool accepts_live(const JobId& job, std::uint64_t sequence);
  /// The live cursor must stand still: a replay is about to meet it.
  bool holds_live() const { return holds_live_; }

  /// The read to be made now, if there is one. There is at most one at a time.
  std::optional<Read> next_read();
  void on_page(const job::JobPage& page);
  /// True when that rejected a request. False: events are owed, the read must be repeated later or the
  /// connection ended.
  bool on_error(const Error& error);

  std::size_t size() const { return entries_.size(); }
  /// How far each job has been sent whose events do not (only) go by the live cursor.
  std::vector<StreamOffset::Cursor> cursors() const;

 private:
  struct Request {
    Ticket ticket;
    std::uint64_t after = 0;
    std::uint64_t replayed = 0;
    bool accepted = false;
  };

  struct Entry {
    bool replaying = true;           ///< false: a floor
    std::optional<Request> request;  ///< none: quiet, or a floor
    std::uint64_t last_sent = 0;     ///< by the replay
    std::uint64_t target = 0;        ///< head when the request was accepted
    std::uint64_t skipped = 0;       ///< highest one that the live cursor skipped
    /// All events up to here have been sent, by either way. Known once the live cursor has skipped one or
    /// the replay is ahead of it; until then it is "those the live cursor has passed".
    std::optional<std::uint64_t> covered;
    bool near_head = false;  ///< a page has ended at the head: meet the live cursor now
    /// From another connection, and not yet at the head: what lies behind `covered` is owed.
    bool taken_up = false;
  };
  using Entries = std::map<JobId, Entry>;

  void cut_short(const JobId& job, Entry& entry);
  void abandon(Entries::iterator at);
  void settle(Entries::iterator at);
  void end_turn();

  Entries entries_;
  std::deque<JobId> turns_;  ///< jobs that replay; the front one reads or holds the page
  std::deque<Output> answers_;
  std::deque<job::EventPtr> page_;
  bool page_open_ = false;     ///< the front job's page is being sent
  bool reading_ = false;       ///< a read is under way
  bool discard_read_ = false;  ///< its job was restarted or given up meanwhile
  bool holds_live_ = false;
};

}  // namespace hawser::session
