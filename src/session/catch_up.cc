#include "session/catch_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace hawser::session {

Status CatchUp::start(const JobId& job, std::uint64_t after, Ticket ticket) {
  const auto found = entries_.find(job);
  if (found == entries_.end() && entries_.size() >= limits::kMaxCatchUps) {
    return fail(Errc::too_many_catch_ups,
                fmt::format("At most {} jobs are replayed at the same time; try again after a sync:complete.",
                            limits::kMaxCatchUps));
  }
  auto& entry = entries_[job];
  if (found != entries_.end()) cut_short(job, entry);
  entry.replaying = true;
  entry.request = Request{.ticket = ticket, .after = after};
  entry.last_sent = after;
  entry.target = 0;
  entry.near_head = false;
  turns_.push_back(job);
  return {};
}

void CatchUp::take_up(const StreamOffset::Cursor& cursor) {
  auto& entry = entries_[cursor.job];
  entry.last_sent = cursor.sequence;
  entry.covered = cursor.sequence;
  entry.taken_up = true;
  turns_.push_back(cursor.job);
}

std::vector<StreamOffset::Cursor> CatchUp::cursors() const {
  std::vector<StreamOffset::Cursor> cursors;
  for (const auto& [job, entry] : entries_) {
    if (entry.replaying && (!entry.request || entry.request->accepted)) {
      cursors.push_back({job, entry.last_sent});
    } else if (entry.covered) {
      cursors.push_back({job, *entry.covered});
    }  // Else it was only asked for, and all that the live cursor has passed has been sent.
  }
  return cursors;
}

void CatchUp::stop(const JobId& job) {
  const auto found = entries_.find(job);
  if (found == entries_.end() || !found->second.request) return;
  cut_short(job, found->second);
  abandon(found);
}

void CatchUp::cut_short(const JobId& job, Entry& entry) {
  if (entry.request && !entry.request->accepted) answers_.emplace_back(Dropped{entry.request->ticket});
  entry.request.reset();
  const bool has_turn =
      !turns_.empty() && turns_.front() == job && (page_open_ || (reading_ && !discard_read_));
  if (has_turn) {
    discard_read_ = reading_;
    page_open_ = false;
    page_.clear();
    holds_live_ = false;
  }
  std::erase(turns_, job);
}

void CatchUp::abandon(Entries::iterator at) {
  auto& entry = at->second;
  entry.request.reset();
  const bool owes = entry.taken_up || (entry.covered && *entry.covered < entry.skipped);
  if (!owes) return settle(at);
  entry.last_sent = *entry.covered;
  entry.target = 0;
  entry.near_head = false;
  turns_.push_back(at->first);
}

/// The replay is over. What it sent ahead of the live cursor must be skipped when that comes by.
void CatchUp::settle(Entries::iterator at) {
  auto& entry = at->second;
  if (entry.covered && *entry.covered > entry.skipped) {
    entry.replaying = false;
  } else {
    entries_.erase(at);
  }
}

std::optional<CatchUp::Output> CatchUp::next(std::uint64_t live_cursor) {
  if (answers_.empty() && page_open_ && page_.empty()) end_turn();
  if (!answers_.empty()) {
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  if (page_.empty()) return std::nullopt;

  auto event = std::move(page_.front());
  page_.pop_front();
  auto& entry = entries_.find(turns_.front())->second;
  entry.last_sent = event->sequence;
  if (entry.request) ++entry.request->replayed;
  if (entry.covered || event->position > live_cursor) {
    entry.covered = std::max(entry.covered.value_or(0), event->sequence);
  }
  if (event->position <= live_cursor) entry.skipped = std::max(entry.skipped, event->sequence);
  return Output(std::move(event));
}

void CatchUp::end_turn() {
  page_open_ = false;
  holds_live_ = false;
  const auto at = entries_.find(turns_.front());
  auto& entry = at->second;
  if (entry.last_sent < std::max(entry.target, entry.skipped)) {
    // Close to the end it keeps its turn, and the live cursor waits, or a fast job would never be met.
    if (!entry.near_head) std::rotate(turns_.begin(), turns_.begin() + 1, turns_.end());
    return;
  }
  turns_.pop_front();
  entry.taken_up = false;
  if (entry.covered) entry.covered = std::max(*entry.covered, entry.last_sent);
  if (const auto request = std::exchange(entry.request, std::nullopt)) {
    answers_.emplace_back(Completed{at->first, request->replayed, request->after});
  }
  settle(at);
}

bool CatchUp::accepts_live(const JobId& job, std::uint64_t sequence) {
  const auto found = entries_.find(job);
  if (found == entries_.end()) return true;
  auto& entry = found->second;
  if (entry.replaying) {
    if (!entry.covered) entry.covered = sequence - 1;
    entry.skipped = std::max(entry.skipped, sequence);
    return false;
  }
  const auto covered = *entry.covered;
  entry.skipped = sequence;
  if (sequence >= covered) entries_.erase(found);
  return sequence > covered;
}

std::optional<CatchUp::Read> CatchUp::next_read() {
  if (reading_ || page_open_ || turns_.empty()) return std::nullopt;
  const auto& entry = entries_.find(turns_.front())->second;
  reading_ = true;
  holds_live_ = entry.near_head;
  return Read{turns_.front(), entry.last_sent};
}

void CatchUp::on_page(const job::JobPage& page) {
  reading_ = false;
  if (std::exchange(discard_read_, false)) return;
  auto& entry = entries_.find(turns_.front())->second;
  if (entry.request && !entry.request->accepted) {
    entry.request->accepted = true;
    entry.target = page.head;
    answers_.emplace_back(Accepted{entry.request->ticket, turns_.front()});
  }
  if (entry.taken_up && entry.target == 0) entry.target = page.head;
  if (page.events.empty() || page.events.back()->sequence >= page.head) entry.near_head = true;
  page_.assign(page.events.begin(), page.events.end());
  page_open_ = true;
}

bool CatchUp::on_error(const Error& error) {
  reading_ = false;
  if (std::exchange(discard_read_, false)) return true;
  holds_live_ = false;
  const auto at = entries_.find(turns_.front());
  const auto& request = at->second.request;
  if (request && !request->accepted) {
    answers_.emplace_back(Rejected{request->ticket, at->first, error});
  } else if (at->second.taken_up && !is_retryable(error.code)) {  // No such cursor: nothing is owed.
    answers_.emplace_back(Rejected{std::nullopt, at->first, error});
    at->second.taken_up = false;
    at->second.covered.reset();
  } else {
    return false;
  }
  turns_.pop_front();
  abandon(at);
  return true;
}

}  // namespace hawser::session
