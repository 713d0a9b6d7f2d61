#include "store/store_reader.h"

#include <utility>

#include "store/job_log.h"
#include "store/owner_account.h"
#include "store/owner_merge.h"
#include "store/page_budget.h"
#include "store/refusals.h"

namespace hawser::store {

Result<job::JobPage> StoreReader::read_job(const JobId& id, std::uint64_t after,
                                           job::ReadLimits limits) const {
  const auto held = database_.snapshot();
  const auto* snapshot = held->snapshot();
  auto record = load_record(database_, id, snapshot);
  if (!record) return std::unexpected(record.error());
  job::JobPage page{.events = {}, .head = record->last_sequence};
  if (after > page.head) return std::unexpected(bad_sequence(after, page.head));
  JobLog log(database_, *std::move(record), snapshot);
  PageBudget budget(limits);
  for (auto sequence = after + 1; sequence <= page.head && !budget.exhausted(); ++sequence) {
    auto event = log.read(sequence);
    if (!event) return std::unexpected(event.error());
    if (auto done = log.complete(*event); !done) return std::unexpected(done.error());
    if (!budget.take(*event)) break;
    page.events.push_back(std::make_shared<const job::Event>(*std::move(event)));
  }
  return page;
}

Result<job::OwnerPage> StoreReader::read_owner(std::string_view owner, std::uint64_t after,
                                               job::ReadLimits limits) const {
  const auto held = database_.snapshot();
  const auto* snapshot = held->snapshot();
  const auto account = load_account(database_, owner, snapshot);
  if (!account) return std::unexpected(account.error());
  if (after > account->head || after < account->floor) return std::unexpected(reset());
  job::OwnerPage page{.events = {}, .through = after, .head = account->head};
  if (after == page.head) return page;
  OwnerMerge merge(database_, owner, snapshot);
  if (auto opened = merge.open(after, limits::kMaxMergedJobs); !opened)
    return std::unexpected(opened.error());
  PageBudget budget(limits);
  while (page.through < page.head && !budget.exhausted()) {
    auto event = merge.next();
    if (!event) return std::unexpected(event.error());
    if (!budget.take(**event)) break;
    page.through = (*event)->position;
    page.events.push_back(*std::move(event));
  }
  return page;
}

}  // namespace hawser::store
