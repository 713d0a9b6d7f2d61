#include "store/owner_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "store/keys.h"
#include "store/refusals.h"

namespace hawser::store {

OwnerMerge::OwnerMerge(const Database& database, std::string_view owner, const rocksdb::Snapshot* snapshot)
    : database_(database), owner_(owner), snapshot_(snapshot) {}

Status OwnerMerge::open(std::uint64_t after, std::size_t max_jobs) {
  position_ = after;
  max_jobs_ = max_jobs;
  std::vector<JobId> ids;
  if (auto found = collect(keys::active_jobs(owner_), keys::after_prefix(keys::active_jobs(owner_)), ids);
      !found) {
    return found;
  }
  for (const auto state : job::kEndedStates) {
    if (auto found = collect(keys::ended_job(owner_, state, after + 1, JobId{}),
                             keys::after_prefix(keys::ended_jobs(owner_, state)), ids);
        !found) {
      return found;
    }
  }
  for (const auto& id : ids) {
    if (auto added = add(id); !added) return added;
  }
  std::ranges::make_heap(sources_, std::ranges::greater{}, &Source::position);
  return {};
}

Status OwnerMerge::collect(std::string lower, std::string upper, std::vector<JobId>& ids) const {
  Scan scan(database_, Family::index, std::move(lower), std::move(upper), snapshot_);
  for (scan.to_first(); scan.valid(); scan.next()) {
    const auto id = keys::trailing_id(scan.key());
    if (!id) return std::unexpected(database_.damage().found("an index entry of an owner"));
    if (ids.size() == max_jobs_) return std::unexpected(reset());
    ids.push_back(*id);
  }
  return scan.status();
}

Status OwnerMerge::add(const JobId& id) {
  auto source = source_of(id);
  if (!source) {
    // Without a damaged job the merge may still be whole; if not, the positions have a hole, and `next` finds
    // it.
    const auto code = source.error().code;
    if (code == Errc::damaged || code == Errc::not_found) return {};
    return std::unexpected(std::move(source).error());
  }
  if (source->log != nullptr) sources_.push_back(*std::move(source));
  return {};
}

Result<OwnerMerge::Source> OwnerMerge::source_of(const JobId& id) const {
  auto record = load_record(database_, id, snapshot_);
  if (!record) return std::unexpected(record.error());
  Source source;
  if (record->last_position <= position_) return source;
  source.log = std::make_unique<JobLog>(database_, *std::move(record), snapshot_);
  const auto first = source.log->first_after(position_);
  if (!first) return std::unexpected(first.error());
  source.sequence = *first;
  const auto position = *first == 1 ? Result<std::uint64_t>(source.log->record().first_position)
                                    : source.log->position_of(*first);
  if (!position) return std::unexpected(position.error());
  source.position = *position;
  return source;
}

Result<job::EventPtr> OwnerMerge::next() {
  if (!sources_.empty()) std::ranges::pop_heap(sources_, std::ranges::greater{}, &Source::position);
  if (sources_.empty() || sources_.back().position != position_ + 1) {
    return std::unexpected(
        database_.damage().found(fmt::format("position {} of an owner is missing", position_ + 1)));
  }
  auto& source = sources_.back();
  if (!source.event) {
    if (auto read = read_event(source); !read) return std::unexpected(read.error());
  }
  auto event = *std::exchange(source.event, std::nullopt);
  if (auto done = source.log->complete(event); !done) return std::unexpected(done.error());
  ++position_;
  if (auto advanced = advance(source); !advanced) return std::unexpected(advanced.error());
  return std::make_shared<const job::Event>(std::move(event));
}

Status OwnerMerge::read_event(Source& source) {
  auto event = source.log->read(source.sequence);
  if (!event) return std::unexpected(event.error());
  source.position = event->position;
  source.event = *std::move(event);
  return {};
}

/// Puts the source, which stands at the back, to its next event and into the heap, or drops it at its end.
Status OwnerMerge::advance(Source& source) {
  if (source.sequence == source.log->record().last_sequence) {
    sources_.pop_back();
    return {};
  }
  ++source.sequence;
  if (auto read = read_event(source); !read) return read;
  std::ranges::push_heap(sources_, std::ranges::greater{}, &Source::position);
  return {};
}

}  // namespace hawser::store
