#pragma once

#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "store/database.h"
#include "store/lost_writes.h"

namespace hawser::store {

/// Ends every unfinished job of a store whose log was cut back, with job:cancelled, and returns their ids.
///
/// Events that clients have seen may be gone, also of jobs that no readable write names, and a job that ran
/// on would give the same sequences to other events: a client that asks for what is behind its last one would
/// get another log without a word. An ended log never grows, so what is above its head stays `bad_sequence`.
/// Where it is known how far the lost events went, the end is put behind them and the sequences between
/// withdraw the lost output (job:resumed). Errors: corrupt, and those of a write.
Result<std::vector<JobId>> end_unfinished(Database& database, const LostWrites& lost, WallMillis now);

}  // namespace hawser::store
