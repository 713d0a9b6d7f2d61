#pragma once

#include "base/loop.h"
#include "worker/handler.h"
#include "worker/search_index.h"

namespace hawser::worker {

/// One run of a `search` job, on the thread that calls it.
Outcome run_search(JobContext& context, const SearchIndex& index, Clock& clock);

}  // namespace hawser::worker
